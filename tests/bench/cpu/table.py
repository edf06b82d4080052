"""The table of what a payment costs, by process and variant."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from tests.bench.cpu.system import WORKER

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def table(results: Mapping[str, Sequence[Mapping[str, float]]]) -> str:
    """Medians of the rounds, one line per process and variant.

    Args:
        results: by variant, what each round found; variants may have other numbers of APIs.
    """
    lines = [f"{'':24}{'process':10}{'user':>8}{'system':>8}{'µs CPU':>8}{'ratio':>7}{'switches':>10}"]
    first = next(iter(results.values()))
    every = [_processes(rounds) for rounds in results.values()]
    for name in max(every, key=len):
        both = f"{name} user", f"{name} sys"
        for variant, rounds in results.items():
            if name not in _processes(rounds):
                continue
            user, system, cpu = _median(rounds, both[0]), _median(rounds, both[1]), _median(rounds, *both)
            pairs = zip(rounds, first, strict=True)
            sums = [(sum(a[key] for key in both), sum(b.get(key, 0.0) for key in both)) for a, b in pairs]
            ratios = [own / base for own, base in sums if base]
            ratio = f"{statistics.median(ratios):7.2f}" if ratios else f"{'-':>7}"
            switches = _median(rounds, f"{name} switches")
            lines.append(f"{variant:24}{name:10}{user:8.0f}{system:8.0f}{cpu:8.0f}{ratio}{switches:10.2f}")
    for variant, rounds in results.items():
        apis = [name for name in _processes(rounds) if name != WORKER]
        cpu = _median(rounds, f"{WORKER} user", f"{WORKER} sys") + statistics.mean(
            _median(rounds, f"{name} user", f"{name} sys") for name in apis
        )
        latency = f"p50 {_median(rounds, 'p50_ms'):.2f} ms, p99 {_median(rounds, 'p99_ms'):.2f} ms"
        lines.append(f"{variant:24}worker and an API {cpu:.0f} µs per payment, {latency}")
    return "\n".join(lines)


def _processes(rounds: Sequence[Mapping[str, float]]) -> list[str]:
    return [key.removesuffix(" user") for key in rounds[0] if key.endswith(" user")]


def _median(rounds: Sequence[Mapping[str, float]], *keys: str) -> float:
    return statistics.median(sum(each[key] for key in keys) for each in rounds)
