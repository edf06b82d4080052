"""Every event that the code logs has a sentence, and a row in the documents."""

from __future__ import annotations

import ast
import logging
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rinha.logs.events import SENTENCES, describe_event
from rinha.logs.recent import FIELD_MAX_CHARS, ITEMS_MAX, RECORDS_MAX, RecentRecords

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
EVENT = re.compile(r"[a-z]+\.[a-z_]+")
LOGGING = {
    "debug",
    "info",
    "warning",
    "error",
    "exception",
    "critical",
    "log",
    "_log",
    "_failed",
    "_broken_off",
    "_tell",
}
"""What is called with an event: the methods of a logger, and those of ours that pass one on."""


def logged() -> Iterator[str]:
    """Every event in the code: the first text that looks like one in a call that logs."""
    for room in ("actors", "rinha"):
        for path in (ROOT / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in LOGGING:
                    yield from (
                        each.value
                        for each in node.args
                        if isinstance(each, ast.Constant)
                        and isinstance(each.value, str)
                        and EVENT.fullmatch(each.value)
                    )
                elif isinstance(node, ast.Dict):
                    # What logs.py writes itself, as nobody may log while lines are written.
                    names = [each.value if isinstance(each, ast.Constant) else None for each in node.keys]
                    if "msg" in names and isinstance(said := node.values[names.index("msg")], ast.Constant):
                        yield str(said.value)


def documented() -> list[str]:
    table = (ROOT / "docs" / "tracing.md").read_text().partition("<!-- events -->")[2].partition("<!-- /events -->")[0]
    return re.findall(r"^\| `([a-z]+\.[a-z_]+)` \|", table, re.MULTILINE)


def test_every_event_has_a_sentence_and_no_sentence_is_left_over() -> None:
    assert sorted(set(logged())) == sorted(SENTENCES)


def test_every_event_is_documented() -> None:
    assert documented() == sorted(SENTENCES)


@pytest.mark.parametrize("event", SENTENCES)
def test_a_sentence_can_do_without_any_field(event: str) -> None:
    assert describe_event(event, {})


@pytest.mark.parametrize(
    ("event", "fields", "words"),
    [
        (
            "bridge.worker_restarted",
            {"journal": "no journal", "books": 0, "settled_forgotten": 6},
            "The worker was started again: books empty: no journal, 6 settled forgotten.",
        ),
        (
            "bridge.worker_restarted",
            {"journal": "the journal 00", "books": 6, "settled_forgotten": 0},
            "The worker was started again: books hold 6 settled: the journal 00, 0 settled forgotten.",
        ),
        ("actor.crashed", {"actor": "ledger", "letter": "x"}, "Actor ledger failed on a message and goes on: x."),
        ("some.event", {"a": 1, "exception": "…"}, "some.event: a: 1."),
        ("some.event", {}, "some.event."),
    ],
)
def test_what_has_happened_in_words(event: str, fields: dict[str, object], words: str) -> None:
    assert describe_event(event, fields) == words


def record(event: str, level: int = logging.INFO, **fields: object) -> logging.LogRecord:
    return logging.makeLogRecord({"msg": event, "levelno": level, "levelname": logging.getLevelName(level), **fields})


def test_the_last_records_are_kept_with_their_fields() -> None:
    records = RecentRecords()
    for number in range(RECORDS_MAX + 3):
        records.handle(record("an.event", number=number))
    kept = list(records.after(0))
    assert [each.fields["number"] for each in kept] == list(range(3, RECORDS_MAX + 3))
    numbers = [each.number for each in kept]
    assert numbers == sorted(set(numbers)), "one more each time, however fast they come"
    assert list(records.after(numbers[-2])) == kept[-1:]


def test_a_flood_of_one_event_leaves_the_others() -> None:
    records = RecentRecords()
    records.handle(record("worker.started"))
    for number in range(2 * RECORDS_MAX):
        records.handle(record("payment.parked", number=number))
    kept = [each.event for each in records.after(0)]
    assert kept == ["worker.started"] + ["payment.parked"] * (RECORDS_MAX - 1)


def test_a_crash_is_kept_with_its_traceback() -> None:
    records = RecentRecords()
    try:
        raise LookupError("nothing there")
    except LookupError as error:
        records.handle(record("actor.crashed", logging.ERROR, exc_info=(LookupError, error, error.__traceback__)))
    (kept,) = records.after(0)
    assert kept.level == "error"
    assert kept.fields["exception"].endswith("LookupError: nothing there")


def test_what_is_long_is_cut_and_what_is_odd_becomes_text() -> None:
    records = RecentRecords()
    records.handle(record("an.event", text="x" * 5000, ids=list(range(100_000)), odd=object(), raw=b"\1"))
    (kept,) = records.after(0)
    assert len(kept.fields["text"]) == FIELD_MAX_CHARS + 1
    assert kept.fields["ids"] == [*range(ITEMS_MAX), f"and {100_000 - ITEMS_MAX} more"]
    assert kept.fields["odd"].startswith("<object")
    assert kept.fields["raw"] == "01"
