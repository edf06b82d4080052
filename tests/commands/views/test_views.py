"""What a person reads: what, since when, why, and what happens next."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from rinha.commands.errors import CommandError
from rinha.commands.main import main
from rinha.commands.views import events, held, parked, payment, processors, statistics
from rinha.commands.views.terminal import Terminal
from rinha.process import ExitCode
from tests.commands.views.samples import (
    API,
    ATTEMPT,
    DEFAULT,
    EVENT,
    HELD,
    ID,
    NOW_MS,
    PARKED,
    PROCESSORS,
    UNKNOWN,
    WAITING,
    WORKER,
)

if TYPE_CHECKING:
    from types import ModuleType

    from tests.commands.scripted_api import ScriptedApi


DIGITS = ID.replace("-", "")
NONE: dict[str, Any] = {"payments": [], "total": 0}


def drawn(view: ModuleType, answer: Any) -> list[str]:
    return list(view.lines(answer, Terminal(), NOW_MS))


def test_a_payment_s_card() -> None:
    assert drawn(payment, WAITING) == [
        f"{ID}  1,990.00",
        "state       waiting since 12:00:03.547Z (8.8 s)",
        "why         both processors are failing: default refuses (HTTP 500, empty body)",
        "next        it goes to the first that is well again (12:00:12.645Z)",
        "taken       12:00:03.345Z (9.0 s)",
        "attempts    1",
        "   at               took  step  processor  outcome  reason",
        "1  12:00:03.545Z  1.8 ms  post  default    refused  HTTP 500, empty body",
    ]


def test_attempts_that_are_not_kept_are_counted() -> None:
    assert drawn(payment, UNKNOWN)[-6:] == [
        "processor   fallback, requestedAt 12:00:03.645Z",
        "attempts    9",
        "   at               took  step     processor  outcome    reason",
        "1  12:00:03.545Z  1.8 ms  post     default    refused    HTTP 500, empty body",
        "…                                                        7 not kept",
        "9  12:00:03.545Z  1.8 ms  look-up  default    under way",
    ]


def test_a_payment_that_was_never_sent() -> None:
    card = drawn(payment, {**WAITING, "attempts": [], "attempts_made": 0, "taken_ms": None, "since_ms": None})
    assert card[1] == "state       waiting"
    assert card[-1] == "attempts    none yet"


def test_attempts_of_a_payment_that_has_ended_are_not_said_to_be_none() -> None:
    settled = {**WAITING, "state": "settled", "processor": "default", "attempts": [], "attempts_made": 0}
    assert not any(line.startswith("attempts") for line in drawn(payment, settled))


def test_several_that_begin_so_are_listed() -> None:
    assert drawn(payment, {"payments": [WAITING, PARKED]}) == [
        "2 payments begin so: give more digits of the one that you mean",
        "correlationId                           amount  state    for",
        f"{ID}  1,990.00  waiting  8.8 s",
        f"{ID}  1,990.00  parked   8.8 s",
    ]


def test_a_single_one_that_begins_so_is_shown() -> None:
    assert drawn(payment, {"payments": [WAITING]}) == drawn(payment, WAITING)


def test_what_is_held_is_said_before_it_is_listed() -> None:
    assert drawn(held, {"held": HELD, "payments": [UNKNOWN], "total": 1204}) == [
        "held        1,206 of 100,000: 1,204 waiting, 2 in flight; the oldest was taken 11:56:00.345Z (4 min 12 s)",
        "why         both processors are failing",
        "next        default is probed again in 0.3 s",
        "",
        "correlationId                           amount  state      for  processor  tries       next  why",
        f"{ID}  1,990.00  unknown  8.8 s  fallback       9  in 300 ms  {UNKNOWN['why']}",
        "and 1,203 more: --limit shows up to 1,000",
    ]


def test_the_last_backlog_that_drained_is_told() -> None:
    counts = dict.fromkeys(HELD["counts"], 0)
    drained = {"drained_ms": NOW_MS - 5000, "drained_s": 2.13, "drained_payments": 1204}
    report = {**HELD, "counts": counts, "oldest_ms": None, "why": "", "next": "", **drained}
    assert drawn(held, {"held": report, "payments": [], "total": 0}) == [
        "held        nothing",
        "before      the last backlog drained in 2.1 s: 1,204 payments, done at 12:00:07.345Z, 5.0 s ago",
    ]


def test_who_waits_for_a_person_and_what_each_processor_found_fault_with() -> None:
    assert drawn(parked, {"payments": [PARKED], "total": 2}) == [
        "2 wait for a person: `rinha parked --retry ID` lets one try again, without an ID all of them",
        "",
        f"{ID}  1,990.00  parked for 8.8 s",
        "why         default: HTTP 422; fallback: HTTP 400",
        "next        nothing by itself: `rinha parked --retry` lets it try again",
        "and 1 more: --limit shows up to 1,000",
    ]


@pytest.mark.parametrize(
    ("answer", "line"),
    [
        (NONE, parked.NOTHING),
        ({"retried": 0}, parked.NOTHING),
        ({"retried": 1200}, "1,200 try again now: `rinha held` shows them"),
        ({"result": "retried", "why": "it is sent again now"}, "it is sent again now"),
    ],
)
def test_what_became_of_the_parked(answer: Any, line: str) -> None:
    assert drawn(parked, answer) == [line]


def test_the_choice_of_a_processor_and_its_price() -> None:
    assert drawn(processors, PROCESSORS) == [
        "in use      fallback since 12:00:08.145Z (4.2 s)",
        "why         it is the only one that is well (policy fastest)",
        "next        a probe that default settles",
        "fees        140.00 paid, 7.0% of 2,000.00; the least possible was 100.00, 5.0%",
        "",
        "processor  fee  is         for            latency  in flight  settled    amount  why",
        "default     5%  failing  4.2 s                  -          1       80  1,600.00  "
        "three payments in a row failed: HTTP 500, empty body; probed in 0.3 s",
        "fallback   15%  well     4.2 s  3.5 ms (payments)          1       20    400.00  it settles payments",
        "default last failed at 12:00:12.245Z: HTTP 500, empty body",
    ]


def test_without_a_processor_in_use_and_without_fees() -> None:
    routing = {**PROCESSORS["routing"], "in_use": "", "since_ms": None, "fees_cents": 0.0, "least_fees_cents": 0.0}
    idle = {**DEFAULT, "settled": 0, "settled_cents": 0}
    text = drawn(processors, {"processors": [idle], "routing": routing})
    assert text[0] == "in use      none"
    assert text[3] == "fees        none paid yet"


def test_statistics_say_what_is_refused_and_since_when() -> None:
    crashed = {**WORKER, "crashes": {"intake": 1}, "dead_letters": {"HealthPolled": 2}}
    well = {**API, "refused": {}, "refusing": None, "why": "", "last_refused": None, "last_refused_ms": None}
    assert drawn(statistics, {"worker": crashed, "apis": [API, well], "missing": []}) == [
        "accepted    1,210: 4 settled, 1,204 waiting, 2 in flight",
        "beside      3 repeated",
        "crashes       1 intake",
        "dead letters  2 HealthPolled",
        "",
        "payment-api-1, started 11:00:12.345Z (1 h)",
        "refuses     full (100,000 of 100,000) since 2026-07-26T12:00:10.345Z (2.0 s)",
        "took        1,210",
        "refused     12 full; the last at 12:00:12.335Z",
        "",
        "payment-api-1, started 11:00:12.345Z (1 h)",
        "took        1,210",
        "refused     none",
    ]


def test_statistics_without_a_worker_are_the_apis_alone() -> None:
    assert drawn(statistics, {"worker": None, "apis": [], "missing": ["payment-worker: away since 12:00:03"]}) == [
        "worker      away: what it holds can't be said",
        "no answer   payment-worker: away since 12:00:03",
    ]


def test_an_event_has_its_traceback_below() -> None:
    assert drawn(events, {"events": [EVENT], "missing": []}) == [
        "12:00:11.845Z  error     payment-worker  intake crashed on AttemptEnded and was restarted",
        "    Traceback (most recent call last):",
        "      File …",
        "    ValueError: no",
    ]
    assert drawn(events, {"events": [], "missing": []}) == ["nothing has happened"]


@pytest.mark.parametrize(
    ("arguments", "requests"),
    [
        (["payment", ID.upper()], {f"GET /payments/{DIGITS}": WAITING}),
        (["payment", "4a79-01"], {"GET /payments/4a7901": {"payments": [WAITING, PARKED]}}),
        (
            ["held", "--unknown"],
            {"GET /payments?state=unknown&limit=20": NONE, "GET /held": HELD},
        ),
        (["held", "--limit", "3"], {"GET /payments?limit=3": NONE, "GET /held": HELD}),
        (["parked"], {"GET /payments?state=parked&limit=20": NONE}),
        (["parked", "--retry"], {"POST /parked/retry": {"retried": 0}}),
        (
            ["parked", "--retry", ID],
            {f"POST /payments/{DIGITS}/retry": {"result": "retried", "why": "now"}},
        ),
        (["processors"], {"GET /processors": PROCESSORS}),
        (["statistics"], {"GET /statistics": {"worker": WORKER, "apis": [API], "missing": []}}),
        (["events"], {"GET /events": {"events": [EVENT], "missing": []}}),
    ],
)
@pytest.mark.parametrize("as_json", [False, True], ids=["text", "json"])
def test_each_command_asks_for_what_it_shows(
    api: ScriptedApi,
    capfd: pytest.CaptureFixture[str],
    arguments: list[str],
    requests: dict[str, Any],
    as_json: bool,
) -> None:
    for request, answer in requests.items():
        api.say(request, answer)
    assert main([*arguments, "--url", api.url, *(["--json"] if as_json else [])]) == 0
    out, err = capfd.readouterr()
    assert sorted(api.asked) == sorted(requests)
    assert (bool(out), err) == (True, "")
    if as_json:
        assert next(iter(requests.values())).items() <= json.loads(out).items()


def test_an_answer_of_another_version_is_known_as_one() -> None:
    for answer in ({**WAITING, "state": 7}, {**WAITING, "attempts": [{**ATTEMPT, "number": None}]}):
        with pytest.raises(CommandError, match="answers otherwise than this version expects") as caught:
            drawn(payment, answer)
        assert caught.value.exit_code is ExitCode.REFUSED


def test_events_are_followed_until_somebody_has_seen_enough(
    api: ScriptedApi, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses = iter((None, None, KeyboardInterrupt))

    def sleep(_: float) -> None:
        if (end := next(pauses)) is not None:
            raise end

    monkeypatch.setattr("rinha.commands.views.run.time.sleep", sleep)
    api.say("GET /events", {"events": [EVENT], "missing": []})
    api.say("GET /events?after=7", {"events": [], "missing": []})
    assert main(["events", "-f", "--url", api.url]) == ExitCode.INTERRUPTED
    assert len(capfd.readouterr().out.splitlines()) == 4
    assert api.asked == ["GET /events", "GET /events?after=7", "GET /events?after=7"]
