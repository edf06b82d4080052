"""Reading trace lines out of logs."""

from __future__ import annotations

import io
import os
import threading
from typing import IO, TYPE_CHECKING

import pytest

from rinha.trace.reading.read import LineIndex, find, hyphenated, parse_digits
from tests.trace.lines import ID, refused_once, settled, text, uuid

if TYPE_CHECKING:
    from pathlib import Path

OTHERS = [
    b"\n",
    b"payment-worker-1  | \n",
    b"Attaching to payment-worker-1\n",
    b'{"event":"worker.started","role":"payment-worker"}\n',
    b'{"event":"trace","role":"payment-worker","correlationId":"' + ID.encode() + b'","hop":"torn\n',
    b'{"event":"trace","correlationId":7}\n',
    b'\xff\xfe"trace"\n',
    b'{"event":"says \\"trace\\"","role":"payment-worker"}\n',
]
DROPPED = b'{"at":"2026-11-26T08:00:00.123Z","event":"trace.dropped","role":"payment-worker","run":"b2","hops":17}\n'
LEFT_OUT = b'x-1 | {"event":"trace.left_out","role":"payment-worker","payments":3}\n'


@pytest.mark.parametrize("given", [ID, ID.replace("-", ""), ID.upper()])
def test_an_id_is_read_with_hyphens_or_without(given: str) -> None:
    assert hyphenated(parse_digits(given)) == ID


@pytest.mark.parametrize("count", [6, 8, 9, 13, 20, 31])
def test_the_first_six_digits_or_more_name_a_payment(count: int) -> None:
    digits = ID.replace("-", "")[:count]
    assert ID.startswith(hyphenated(parse_digits(digits)))
    assert len(hyphenated(digits).replace("-", "")) == count


@pytest.mark.parametrize("given", ["", "4a790", "4a7901g", "trace.log", "./4a7901", ID + "0"])
def test_anything_else_is_no_id(given: str) -> None:
    with pytest.raises(ValueError, match="6"):
        parse_digits(given)


@pytest.mark.parametrize("prefix", ["", "payment-worker-1  | ", "\x1b[36mapi-1 |\x1b[0m "])
def test_a_payment_s_hops_are_found_among_all_other_lines(prefix: str) -> None:
    log = b"".join([*OTHERS, text(settled(uuid(1)), prefix), DROPPED, text(settled(ID), prefix), *OTHERS, LEFT_OUT])
    found = find(io.BytesIO(log), parse_digits(ID[:8]))
    ((payment_id, lines),) = found.payments
    assert payment_id.hex() == ID.replace("-", "")
    assert [line.hop for line in lines] == [line["hop"] for line in settled()]
    assert [str(gap) for gap in found.gaps] == [
        "17 hops of payment-worker were dropped: its lines weren't read in time",
        "3 payments of payment-worker were left out: more went wrong at a time than are written",
    ]


def test_an_id_inside_another_line_is_no_hop_of_it() -> None:
    lines = settled(uuid(1))
    lines[0]["fields"]["because_of"] = ID
    assert find(io.BytesIO(text(lines)), parse_digits(ID)).payments == []


@pytest.fixture
def log() -> bytes:
    lines = [*settled(uuid(2), 5.0), *refused_once(), *settled(uuid(1), 9.0)]
    lines = lines[::2] + lines[1::2]
    return b"".join([*OTHERS, text(lines[:9]), DROPPED, *OTHERS, text(lines[9:], "worker-1 | "), *OTHERS])


def check(file: IO[bytes]) -> None:
    index = LineIndex(file)
    try:
        assert len(index) == 3
        found = [(hops.lines[0].correlation_id, len(hops.lines)) for hops in index]
        assert found == [(ID, 9), (uuid(2), 7), (uuid(1), 7)], "by their starts"
        assert [gap.hops for gap in index.gaps] == [17]
    finally:
        index.close()


def test_a_file_is_read_payment_by_payment(log: bytes, tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(log)
    with (tmp_path / "log").open("rb") as file:
        check(file)


def test_a_pipe_is_read_payment_by_payment(log: bytes) -> None:
    read_end, write_end = os.pipe()

    def write() -> None:
        with os.fdopen(write_end, "wb") as file:
            file.write(log)

    writer = threading.Thread(target=write)
    writer.start()
    with os.fdopen(read_end, "rb") as file:
        check(file)
    writer.join()


def test_a_file_is_read_from_where_it_stands(log: bytes, tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(text(settled(uuid(7))) + log)
    with (tmp_path / "log").open("rb") as file:
        file.seek(len(text(settled(uuid(7)))))
        check(file)
