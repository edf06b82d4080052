from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from actors.messages.people import GetSummary
from rinha.api.endpoints.summary import parse_instant, parse_window
from rinha.api.problems import InvalidRequest

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
BASE_MS = 1752582896000
"""2025-07-15T12:34:56Z."""


@pytest.mark.parametrize(
    ("text", "down_ms", "up_ms"),
    [
        ("2025-07-15T12:34:56Z", 0, 0),
        ("2025-07-15t12:34:56z", 0, 0),
        ("2025-07-15T12:34:56.7Z", 700, 700),
        ("2025-07-15T12:34:56,78Z", 780, 780),
        ("2025-07-15T12:34:56.789Z", 789, 789),
        ("2025-07-15T12:34:56.789000000Z", 789, 789),
        ("2025-07-15T12:34:56.7890001Z", 789, 790),
        ("2025-07-15T12:34:56.9999Z", 999, 1000),
        ("2025-07-15T12:34:56.0" + "0" * 500 + "1Z", 0, 1),
        ("2025-07-15T15:34:56+03:00", 0, 0),
        ("2025-07-15T15:34:56 03:00", 0, 0),
        ("2025-07-15T15:34:56+0300", 0, 0),
        ("2025-07-15T15:34:56+03", 0, 0),
        ("2025-07-15T09:34:56-03:00", 0, 0),
        ("2025-07-15T12:34:56-00:00", 0, 0),
        ("2025-07-16T12:33:56+23:59", 0, 0),
        ("2025-07-14T12:35:56-23:59", 0, 0),
    ],
)
def test_instants_read_as_milliseconds_rounded_as_asked(text: str, down_ms: int, up_ms: int) -> None:
    assert parse_instant(text, round_up=False) == BASE_MS + down_ms
    assert parse_instant(text, round_up=True) == BASE_MS + up_ms


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "now",
        "1752582896000",
        "2025-07-15",
        "2025-07-15T12:34",
        "2025-07-15T12:34Z",
        "2025-07-15T12:34:56",
        "2025-07-15 12:34:56Z",
        "2025-07-15T12:34:56.Z",
        "2025-07-15T12:34:56Z ",
        " 2025-07-15T12:34:56Z",
        "2025-07-15T12:34:56Z\n",
        "2025-07-15T12:34:56Z+00:00",
        "2025-07-15T12:34:56+24:00",
        "2025-07-15T12:34:56-24:00",
        "2025-07-15T12:34:56+03:60",
        "2025-07-15T12:34:56+3:00",
        "2025-07-15T12:34:56+",
        "2025-07-15T12:34:56--03:00",
        "2025-13-01T00:00:00Z",
        "2025-00-01T00:00:00Z",
        "2025-02-29T00:00:00Z",
        "2025-07-15T24:00:00Z",
        "2025-07-15T12:60:00Z",
        "2016-12-31T23:59:60Z",
        "0000-01-01T00:00:00Z",
        "10000-01-01T00:00:00Z",
        "-2025-07-15T12:34:56Z",
        "0001-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
        "\uff12\uff10\uff12\uff15-07-15T12:34:56Z",
        "2025-07-15T12:34:56.\uff17Z",
        "20250715T123456Z",
        "2025-W29-2T12:34:56Z",
    ],
)
def test_anything_else_is_refused_with_a_reason(text: str) -> None:
    for round_up in (True, False):
        with pytest.raises(ValueError, match=r"must be an ISO 8601|is no date|must lie in the years"):
            parse_instant(text, round_up=round_up)


OFFSETS = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(st.datetimes(timezones=OFFSETS, min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30)), st.booleans())
@example(datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC), False)
def test_what_python_writes_reads_as_the_same_instant(instant: datetime, raw_plus: bool) -> None:
    text = instant.isoformat()
    microseconds = (instant - EPOCH) // timedelta(microseconds=1)
    if raw_plus:
        text = text.replace("+", " ")
    assert parse_instant(text, round_up=False) == microseconds // 1000
    assert parse_instant(text, round_up=True) == -(-microseconds // 1000)


@given(st.text(max_size=40))
def test_arbitrary_text_never_raises_anything_but_value_error(text: str) -> None:
    try:
        parse_instant(text, round_up=True)
    except ValueError as error:
        assert str(error)


def test_both_bounds_are_optional_and_round_towards_the_inside() -> None:
    assert parse_window({}) == GetSummary(None, None)
    assert parse_window({"from": ["2025-07-15T12:34:56.0001Z"]}) == GetSummary(BASE_MS + 1, None)
    assert parse_window({"to": ["2025-07-15T12:34:56.0009Z"]}) == GetSummary(None, BASE_MS)
    both = {"to": ["2025-07-15T12:34:57Z"], "from": ["2025-07-15T12:34:56Z"]}
    assert parse_window(both) == GetSummary(BASE_MS, BASE_MS + 1000)


def test_every_wrong_parameter_is_named_with_value_and_reason() -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse_window({"from": ["x"], "to": ["2025-07-15T12:34:56Z", "2025-07-15T12:34:57Z"]})
    assert caught.value.errors == [
        {
            "field": "from",
            "value": "x",
            "reason": "must be an ISO 8601 instant with Z or an offset, like 2025-07-15T12:34:56.789Z",
        },
        {"field": "to", "value": "2025-07-15T12:34:57Z", "reason": "must be given at most once, not 2 times"},
    ]


def test_an_empty_bound_counts_as_absent() -> None:
    assert parse_window({"from": [""], "to": [""]}) == GetSummary(None, None)
    assert parse_window({"to": [""]}) == GetSummary(None, None)
    assert parse_window({"from": ["2025-07-15T12:34:56Z"], "to": [""]}) == GetSummary(BASE_MS, None)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("frm", "did you mean from?"),
        ("From", "did you mean from?"),
        ("form", "did you mean from?"),
        ("too", "did you mean to?"),
        ("TO", "did you mean to?"),
        ("since", "there are from and to"),
        ("", "there are from and to"),
    ],
)
def test_an_unknown_parameter_is_refused_with_the_nearest_name(name: str, hint: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse_window({name: ["2025-07-15T12:34:56Z"], "to": [""]})
    assert caught.value.errors == [
        {"field": name, "value": "2025-07-15T12:34:56Z", "reason": f"is no parameter; {hint}"}
    ]


@given(st.text(max_size=100), st.lists(st.text(max_size=100), min_size=1, max_size=2))
def test_every_unknown_parameter_is_one_error(name: str, values: list[str]) -> None:
    if name in {"from", "to"}:
        return
    with pytest.raises(InvalidRequest) as caught:
        parse_window({name: values})
    (error,) = caught.value.errors
    assert error["reason"].startswith("is no parameter; ")
