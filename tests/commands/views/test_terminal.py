"""Text on a terminal and in a pipe."""

from __future__ import annotations

import io
import os
import pty

import pytest

from rinha.commands.views.terminal import Terminal, printable, terminal_of

WORDS = "both processors are failing: default refuses"


def test_a_pipe_has_neither_colours_nor_an_end_of_the_line() -> None:
    assert terminal_of(io.StringIO(), {}) == Terminal()
    assert Terminal().paint("well", "green") == "well"
    assert list(Terminal().field("why", WORDS)) == [f"why         {WORDS}"]


@pytest.mark.parametrize(
    ("environ", "colours"),
    [({}, True), ({"NO_COLOR": ""}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)],
)
def test_a_terminal_has_colours_unless_nobody_wants_them(environ: dict[str, str], colours: bool) -> None:
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w") as stream:
        assert terminal_of(stream, {**environ, "COLUMNS": "72"}) == Terminal(72, colours)
        assert terminal_of(stream, environ).width == os.get_terminal_size(theirs).columns
    os.close(ours)


@pytest.mark.parametrize(("columns", "width"), [("40", 40), ("wide", 0), ("-1", 0)])
def test_columns_counts_in_a_pipe_too(columns: str, width: int) -> None:
    assert terminal_of(io.StringIO(), {"COLUMNS": columns}).width == width


def test_a_sentence_is_broken_at_the_width() -> None:
    lines = list(Terminal(48).field("why", WORDS))
    assert lines == ["why         both processors are failing: default", "            refuses"]


def test_figures_stand_right_and_words_left() -> None:
    rows = [("a", "1,234", "in 3 s", WORDS), ("bcd", "7", "-", "")]
    assert list(Terminal().table(("name", "count", "next", "why"), rows)) == [
        "name  count    next  why",
        f"a     1,234  in 3 s  {WORDS}",
        "bcd       7       -",
    ]


def test_a_table_s_words_are_broken_in_their_column() -> None:
    lines = list(Terminal(40, True).table(("name", "why"), [(Terminal(40, True).paint("a", "red"), WORDS)]))
    assert lines == [
        "\x1b[2mname  why\x1b[0m",
        "\x1b[31ma\x1b[0m     both processors are failing:",
        "      default refuses",
    ]


def test_where_they_have_no_room_they_stand_below_once_for_all_that_have_the_same() -> None:
    rows = [("n" * 30, WORDS), ("m" * 30, WORDS), ("o" * 30, "settled")]
    assert list(Terminal(50).table(("name", "why"), rows)) == [
        "name",
        "n" * 30,
        "m" * 30,
        f"    {WORDS}",
        "o" * 30,
        "    settled",
    ]


def test_nothing_that_a_processor_wrote_steers_the_terminal() -> None:
    answer = {"reason": "\x1b[2J\u202eevil\nline", "list": ["\r"], "count": 1}
    assert printable(answer) == {"reason": "\\x1b[2J\\u202eevil\nline", "list": ["\\r"], "count": 1}
