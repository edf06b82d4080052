"""No payment is forgotten for lack of a look."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from actors.intake.dispatch.chooser import OVERDUE_S
from actors.intake.dispatch.routing import Cheapest, Fastest, Policy
from tests.actors.intake.dispatcher_bench import NAMES, DispatcherBench


@given(st.data())
def test_it_asks_to_be_woken_whenever_time_alone_would_let_a_payment_go(data: st.DataObject) -> None:
    """Whatever the state: if, with nothing happening, a payment could go later, the intake will look in time.

    It may look a quarter of a second late for a processor that turns out slow, for nothing else.
    """
    policies: list[Policy] = [Fastest(), Fastest(benchmark_slots=0), Cheapest(5.0)]
    bench = DispatcherBench(
        data.draw(st.sampled_from(policies)),
        workers=data.draw(st.integers(0, 5)),
        limit=data.draw(st.integers(1, 3)),
    )
    for _ in range(data.draw(st.integers(1, 12))):
        name = data.draw(st.sampled_from(NAMES))
        match data.draw(st.sampled_from(["take", "unknown", "health", "probe", "end", "wait"])):
            case "take":
                bench.take()
            case "unknown":
                bench.make_unknown(name)
            case "health":
                bench.health(name, healthy=data.draw(st.booleans()), latency_ms=data.draw(st.floats(0, 1000)))
            case "probe":
                bench.dispatcher.want_probe(name)
            case "end" if bench.under_way:
                _worker, attempt = data.draw(st.sampled_from(bench.under_way))
                bench.end(attempt)
                match data.draw(st.sampled_from(["refused", "rejected", "unknown", "settled"])):
                    case "unknown":
                        bench.backlog.outcomes.mark_unknown(attempt.payment.payment_id, bench.clock.now_s)
                    case "settled":
                        bench.backlog.settle(attempt.payment.payment_id)
                    case outcome:
                        bench.backlog.outcomes.refuse(
                            attempt.payment.payment_id, "", bench.clock.now_s, permanent=outcome == "rejected"
                        )
            case _:
                bench.clock.now_s += data.draw(st.floats(0.01, 3))
    bench.go_all()
    # Follow the wakes, as the intake does, for longer than any delay there is.
    woken_until_s = bench.clock.now_s + 12.0
    while True:
        wake_s = bench.dispatcher.wake_in_s()
        end_s = woken_until_s if wake_s is None else min(woken_until_s, bench.clock.now_s + wake_s)
        while bench.clock.now_s < end_s - 0.02:
            bench.clock.now_s += 0.02
            if bench.go() is not None:
                assert wake_s is not None, "a payment could go and nobody would have looked"
                assert wake_s <= OVERDUE_S
        if end_s == woken_until_s:
            return
        bench.clock.now_s = end_s + 1e-6
        bench.go_all()
