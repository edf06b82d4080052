"""What APIs have said: their sums never fall, whoever is started anew or goes away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rinha.bridge.protocol.wire.overview import Counted
from rinha.overview.apis import RUNS_MAX, Apis
from tests.support.samples import API

if TYPE_CHECKING:
    from rinha.bridge.protocol.wire.overview import ApiPulse


def pulse(name: str, run: str, accepted: int, full: int = 0) -> ApiPulse:
    report = API.report._replace(name=name, run=run, accepted=accepted, refused={"full": full})
    return API._replace(report=report, answered={"202": Counted({60: accepted}, float(accepted))})


def test_an_api_that_was_started_anew_counts_on() -> None:
    apis = Apis()
    apis.take(0.0, [pulse("api-1", "a", 10, 3), pulse("api-2", "b", 5)], ())
    apis.take(1.0, [pulse("api-2", "b", 6)], ("api-1: its session ended before it answered",))
    assert [each.report.name for each in apis.present] == ["api-2"]
    assert apis.missing == ("api-1: its session ended before it answered",)
    apis.take(2.0, [pulse("api-1", "c", 2, 1), pulse("api-2", "b", 7)], ())
    first = apis.sums()["api-1"]
    assert (first.accepted, first.refused, first.answered) == (12, {"full": 4}, {"202": Counted({60: 12}, 12.0)})
    whole = apis.in_all()
    assert (whole.accepted, whole.refused) == (19, {"full": 4})
    assert whole.answered == {"202": Counted({60: 19}, 19.0)}


def test_two_of_one_name_are_both_counted() -> None:
    apis = Apis()
    for number in range(3):
        apis.take(float(number), [pulse("api", "a", 10 + number), pulse("api", "b", 20 + number)], ())
        assert apis.sums()["api"].accepted == 30 + 2 * number


def test_those_that_went_long_ago_stay_in_the_sums() -> None:
    apis = Apis()
    apis.take(0.0, [pulse("old", "a", 7, 2)], ())
    for number in range(2 * RUNS_MAX):
        apis.take(float(number), [pulse("api-1", f"{number}", 1)], ())
    assert apis.sums()["old"].accepted == 7
    assert apis.sums()["api-1"].accepted == 2 * RUNS_MAX
    assert apis.in_all().accepted == 7 + 2 * RUNS_MAX
    assert apis.in_all().answered["202"] == Counted({60: 7 + 2 * RUNS_MAX}, 7.0 + 2 * RUNS_MAX)


def test_the_rate_is_that_of_the_last_ten_seconds() -> None:
    apis = Apis()
    for number in range(20):
        now = pulse("api-1", "a", 100 * number if number < 10 else 1000)
        apis.take(float(number), [now], ())
    assert apis.per_s(now) == 10.0, "from 900 at 9 s to 1000 at 19 s"
    assert apis.per_s(pulse("other", "x", 5)) == 0.0


def test_without_any_there_is_nothing() -> None:
    apis = Apis()
    apis.take(0.0, [], ())
    assert (apis.present, apis.sums(), apis.in_all().accepted) == ((), {}, 0)
