"""``rinha journal``: what it shows, what it removes, and what it leaves alone."""

from __future__ import annotations

import gzip
import json
from contextlib import closing
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from actors.facts import PaymentClosed, PaymentSettled, PaymentsPurged, PaymentTaken, SpanSum
from actors.ports import RowsArchived
from actors.values import LedgerRow, Payment, Totals
from rinha.commands.main import main
from rinha.store.open import open_store
from rinha.store.postgres import pruning as postgres_pruning
from rinha.store.sqlite import pruning as sqlite_pruning
from rinha.store.url import parse_store_url

# A journal's places, as the tests of stores have them.
from tests.store.conftest import (  # noqa: F401  # fixtures of another folder
    postgres_place,
    postgres_programs,
    running_postgres,
    sqlite_place,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from actors.ports import Store
    from tests.store.conftest import Place, PostgresPlace, SqlitePlace
    from tests.store.postgres_server import PostgresServer

NOON_MS = 1_753_574_400_000
BEFORE = "2025-07-27T00:01:00Z"
BEFORE_MS = NOON_MS + 60_000


def payment_id(number: int) -> bytes:
    return number.to_bytes(16)


FACTS = [
    PaymentSettled(payment_id(1), "default", 1990, NOON_MS + 500, 1),
    PaymentSettled(payment_id(2), "fallback", 10, BEFORE_MS, 1),
    PaymentSettled(payment_id(3), "default", 20, BEFORE_MS - 1, 1),
    PaymentSettled(payment_id(4), "default", 30, BEFORE_MS + 60_500, 1),
]
ROWS = [LedgerRow(each.payment_id, each.processor, each.amount_cents, each.requested_at_ms) for each in FACTS]


@pytest.fixture(params=["sqlite", "postgres"])
def filled(request: pytest.FixtureRequest) -> Place:
    """A journal with an earlier epoch, four settled payments, an open one, and two that were written off."""
    place: Place = request.getfixturevalue(f"{request.param}_place")
    store = place.open()
    store.append([PaymentTaken(payment_id(1), 1, 0), PaymentSettled(payment_id(1), "default", 7, NOON_MS, 0)])
    store.append([PaymentsPurged(1), *(PaymentTaken(payment_id(each), 5, 1) for each in range(1, 7))])
    for each in (3, 6):
        store.append([PaymentClosed(payment_id(each), 5, True, "ada", "", NOON_MS, 1)])
    store.append(FACTS)
    return place


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    def run(*arguments: str) -> tuple[int, str, str]:
        try:
            code = main(["journal", *arguments])
        except SystemExit as ended:
            assert isinstance(ended.code, int)
            code = ended.code
        return code, *capfd.readouterr()

    return run


def document(out: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(out)
    return found


def test_a_journal_is_shown_also_while_a_worker_has_it(
    filled: Place, run: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RINHA_STORE", filled.url)
    code, out, err = run("--json")
    assert (code, err) == (0, "")
    shown = document(out)
    sizes = shown.pop("bytes")
    assert sum(sizes.values()) > 10_000
    assert len(shown.pop("journalId")) == 32
    assert shown.pop("where") and shown.pop("version")
    assert shown.pop("kind") in {"sqlite", "postgresql"}
    assert shown == {
        "epoch": 1,
        "settled": 4,
        "processors": {"default": {"payments": 3, "cents": 2040}, "fallback": {"payments": 1, "cents": 10}},
        "rows": 4,
        "oldestRequestedAt": "2025-07-27T00:00:00.500Z",
        "newestRequestedAt": "2025-07-27T00:02:00.500Z",
        "open": 1,
        "writtenOff": 1,
        "prunedBefore": None,
    }
    code, out, _ = run("--store", filled.url)
    assert code == 0
    assert {line.split("  ")[0] for line in out.splitlines()} >= {"kind", "where", "settled", "rows", "written off"}
    assert "3 payments, 20.40" in out


def test_a_journal_is_shown_after_its_worker_has_ended(filled: Place, run: Callable[..., tuple[int, str, str]]) -> None:
    filled.close()
    code, out, _ = run("--json", "--store", filled.url)
    assert (code, document(out)["settled"]) == (0, 4)
    assert filled.open_when_free().epoch() == 1


def test_old_rows_go_and_their_sums_stay(
    filled: Place, run: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (sqlite_pruning, postgres_pruning):
        monkeypatch.setattr(module, "REMOVED_ROWS", 1)
    filled.close()
    code, out, err = run("prune", "--before", "2025-07-27T00:01:59.999Z", "--store", filled.url)
    assert (code, err) == (0, "")
    assert "the minute counts: before 2025-07-27T00:01:00.000Z" in out
    assert "2 rows of epoch 1" in out
    store = filled.open_when_free()
    assert [row[0] for chunk in store.settled() for row in chunk] == [payment_id(2), payment_id(4)]
    assert list(store.sums()) == [
        SpanSum("default", NOON_MS, 2, 2010),
        SpanSum("fallback", BEFORE_MS, 1, 10),
        SpanSum("default", BEFORE_MS + 60_000, 1, 30),
    ]
    assert store.written_off() == [Payment(payment_id(6), 5)], "what was settled doesn't come back as written off"
    with closing(store.history()) as history:
        assert history.rows(1, 0, 9) == [ROWS[1], ROWS[3]]
        assert history.totals(1, [(NOON_MS, NOON_MS + 59_000)]) == {"default": Totals(1, 1990)}
        assert history.totals(1, [(NOON_MS + 1500, NOON_MS + 1700)]) == {}, "nothing was in that second"
        assert history.totals(1, [(BEFORE_MS, BEFORE_MS + 60_501)]) == {
            "default": Totals(1, 30),
            "fallback": Totals(1, 10),
        }
        for span in ((NOON_MS + 1, NOON_MS + 2000), (NOON_MS, BEFORE_MS - 1), (BEFORE_MS - 500, BEFORE_MS + 10)):
            with pytest.raises(RowsArchived, match="whole seconds"):
                history.totals(1, [span])
        assert history.row(1, payment_id(1)) is None
    code, out, _ = run("--json", "--store", filled.url)
    shown = document(out)
    assert (shown["settled"], shown["rows"], shown["prunedBefore"]) == (4, 2, "2025-07-27T00:01:00.000Z")
    store.append([PaymentsPurged(2), PaymentSettled(payment_id(1), "default", 7, NOON_MS + 1, 2)])
    with closing(store.history()) as history:
        assert history.totals(2, [(NOON_MS + 1, NOON_MS + 2)]) == {"default": Totals(1, 7)}


def test_an_archive_has_the_rows_that_went(
    filled: Place, run: Callable[..., tuple[int, str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (sqlite_pruning, postgres_pruning):
        monkeypatch.setattr(module, "CHUNK_ROWS", 1)
    filled.close()
    archive = tmp_path / "old.jsonl.gz"
    arguments = ["prune", "--before", BEFORE, "--store", filled.url, "--archive", str(archive)]
    code, out, _ = run(*arguments, "--json")
    done = document(out)
    assert (code, done["archived"], done["removed"], done["before"]) == (0, 2, 2, "2025-07-27T00:01:00.000Z")
    with gzip.open(archive) as file:
        header = json.loads(file.readline())
    assert (header["journal_id"], header["epoch"], header["before_ms"]) == (done["journalId"], 1, BEFORE_MS)
    code, out, _ = run("read", str(archive))
    assert [json.loads(line) for line in out.splitlines()] == [
        {
            "id": str(UUID(bytes=row.payment_id)),
            "processor": row.processor,
            "amount_cents": row.amount_cents,
            "requested_at_ms": row.requested_at_ms,
            "taken_cents": taken,
        }
        for row, taken in ((ROWS[0], 5), (ROWS[2], 20))
    ]
    code, out, _ = run("read", str(archive), "--csv")
    assert out.splitlines()[0] == "id,processor,amount_cents,requested_at_ms,taken_cents"
    assert len(out.splitlines()) == 3
    before = archive.read_bytes()
    code, _, err = run(*arguments)
    assert (code, archive.read_bytes()) == (2, before)
    assert "already" in err
    assert list(tmp_path.glob(".old*")) == []


def test_what_cannot_be_archived_is_not_removed(
    filled: Place, run: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    filled.close()
    code, _, err = run("prune", "--before", BEFORE, "--store", filled.url, "--archive", str(tmp_path / "no" / "x"))
    assert code == 2
    assert "no such directory" in err
    assert sum(map(len, filled.open_when_free().settled())) == 4


def test_a_journal_that_a_worker_has_is_not_pruned(filled: Place, run: Callable[..., tuple[int, str, str]]) -> None:
    code, _, err = run("prune", "--before", BEFORE, "--store", filled.url)
    assert code == 3
    assert "in use by another worker" in err


def test_each_shard_is_shown_and_pruned(
    running_postgres: PostgresServer,  # noqa: F811  # the fixture imported above
    postgres_place: PostgresPlace,  # noqa: F811  # the fixture imported above
    run: Callable[..., tuple[int, str, str]],
    tmp_path: Path,
) -> None:
    drop = [f"DROP SCHEMA IF EXISTS rinha_{number} CASCADE" for number in (0, 1)]
    running_postgres.execute("SET client_min_messages = warning", *drop)
    url = parse_store_url(running_postgres.url)
    stores: list[Store] = [open_store(url, 2), open_store(url, 2)]
    try:
        for store in stores:
            store.append([PaymentSettled(bytes([store.shard()]) * 16, "default", 1, NOON_MS, 0)])
        _, out, _ = run("--store", running_postgres.url, "--json")
        shown = [json.loads(line) for line in out.splitlines()]
        assert [(each["where"].split()[-1], each["settled"]) for each in shown] == [("rinha_0", 1), ("rinha_1", 1)]
        with closing(stores[1].history()) as history:
            assert history.row(0, bytes([stores[1].shard()]) * 16) is not None
            assert history.row(0, bytes([stores[0].shard()]) * 16) is None
        stores[0].close()
        archive = str(tmp_path / "old")
        assert run("prune", "--before", BEFORE, "--store", running_postgres.url, "--archive", archive)[0] == 3
        assert list(tmp_path.iterdir()) == []
        stores[1].close()
        _, out, _ = run("prune", "--before", BEFORE, "--store", running_postgres.url, "--archive", archive, "--json")
        assert [json.loads(line)["removed"] for line in out.splitlines()] == [1, 1]
        assert sorted(each.name for each in tmp_path.iterdir()) == ["old.0", "old.1"]
    finally:
        for store in stores:
            store.close()
        running_postgres.execute("SET client_min_messages = warning", *drop)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "RINHA_STORE is not set"),
        (["--store", "mysql://x"], "--store must be sqlite:///"),
        (["--store", "sqlite:////nonexistent/journal.db"], "there is no journal"),
        (["prune"], "--before"),
        (["prune", "--before", "yesterday", "--store", "sqlite:///x.db"], "--before 'yesterday': must be an ISO 8601"),
        (["prune", "--before", "9999-01-01T00:00:00Z", "--store", "sqlite:///x.db"], "lies in the future"),
        (["prune", "--before", BEFORE, "--store", "sqlite:////nonexistent/journal.db"], "there is no journal"),
        (["read"], "FILE"),
        (["read", "/nonexistent/archive"], "can't be read"),
        (["nonsense"], "nonsense"),
    ],
)
def test_wrong_input_is_refused_with_a_reason(
    run: Callable[..., tuple[int, str, str]], arguments: list[str], says: str
) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert says in err


@pytest.mark.parametrize(
    "content",
    [b"no gzip", gzip.compress(b"{}\n"), gzip.compress(b"[1]\n"), b""],
    ids=["no gzip", "no head", "no object", "empty"],  # the bytes of a gzip have the time in them
)
def test_a_file_that_is_no_archive_is_refused(
    run: Callable[..., tuple[int, str, str]], tmp_path: Path, content: bytes
) -> None:
    file = tmp_path / "file"
    file.write_bytes(content)
    code, out, err = run("read", str(file))
    assert (code, out) == (2, "")
    assert "no archive" in err


def test_a_journal_of_an_earlier_version_is_left_to_its_worker(
    run: Callable[..., tuple[int, str, str]],
    sqlite_place: SqlitePlace,  # noqa: F811  # the fixture imported above
) -> None:
    from tests.store.test_migrations import JOURNALS

    content = (JOURNALS / "version-4.db").read_bytes()
    sqlite_place.path.write_bytes(content)
    code, _, err = run("--store", sqlite_place.url)
    assert code == 3
    assert "is of version 4" in err
    assert sqlite_place.path.read_bytes() == content
