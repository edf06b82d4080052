"""What the arguments of ``rinha payment`` say."""

from __future__ import annotations

import getpass

import pytest

from actors.messages.people import Close
from rinha.commands.closing import read_order

ID = "4a7901b8-7d26-4d9d-aa19-4dc1c7cf60b3"
ID_BYTES = bytes.fromhex(ID.replace("-", ""))


def test_a_payment_is_settled_with_the_processors_values() -> None:
    order = read_order(ID, ["default", "2025-07-15T12:34:56.789Z", "1990"], by="ada", reason="seen there")
    assert order == Close(ID_BYTES, "default", 1990, 1_752_582_896_789, "ada", "seen there")


def test_a_payment_is_not_settled() -> None:
    assert read_order(ID, None, by="ada", reason="") == Close(ID_BYTES, "", 0, 0, "ada", "")


def test_without_a_name_it_is_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(getpass, "getuser", lambda: "grace")
    assert read_order(ID, None, by="", reason="").by == "grace"


def test_a_user_without_a_name_is_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> str:
        raise KeyError("getpwuid(): uid not found: 10001")

    monkeypatch.setattr(getpass, "getuser", fail)
    assert read_order(ID, None, by="", reason="").by == "nobody named"


@pytest.mark.parametrize(
    ("settled", "named"),
    [
        (["default", "2025-07-15T12:34:56.789Z", "+1"], "CENTS '[+]1'"),
        (["default", "2025-07-15T12:34:56.789Z", "0"], "CENTS '0'"),
        (["default", "1990", "1990"], "REQUESTED_AT '1990'"),
        (["", "2025-07-15T12:34:56.789Z", "1990"], "PROCESSOR ''"),
    ],
)
def test_what_is_wrong_is_named_with_its_value(settled: list[str], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        read_order(ID, settled, by="ada", reason="")
