"""What came of a soak: as JSON, and as a short table."""

from __future__ import annotations

from typing import Any

import msgspec


class Report(msgspec.Struct, kw_only=True):
    """One soak on one store.

    Args:
        store: ``sqlite`` or ``postgres``.
        seed: of the faults.
        seconds: how long they went on.
        per_s: payments that came in a second.
        strikes: how often each fault struck.
        pairs: what failed together, in the order of rounds.
        sent: payments that clients had.
        turned_away: clients that found too many others waiting.
        gave_up: clients that were never told what became of their payment.
        answers: how often each status was answered; 0 stands for none.
        rows: payments by processor in the end.
        longest_gap_s: the longest time without a payment that was taken.
        settled_after_s: how long after the last fault and client nothing was held any more; None if it never was.
        differences: between the books, and from what clients were told, by kind: none is what one hopes for.
        examples: some of them.
        unbalanced: samples of the statistics in which the states didn't add up to what was accepted.
        samples: samples of the statistics.
        ends: how processes ended, and how often.
        complaints: lines of the logs at error and above, by event.
        left: statistics of the worker in the end.
        letters: what could not be delivered within a worker, to whom and why, and how often.
    """

    store: str
    seed: int
    seconds: float
    per_s: float
    strikes: dict[str, int]
    pairs: list[list[str]]
    sent: int
    turned_away: int
    gave_up: int
    answers: dict[int, int]
    rows: dict[str, int]
    longest_gap_s: float
    settled_after_s: float | None
    differences: dict[str, int]
    examples: list[str]
    unbalanced: int
    samples: int
    ends: dict[str, int]
    complaints: dict[str, int]
    left: dict[str, Any] | None
    letters: dict[str, int] = {}

    @property
    def faults(self) -> list[str]:
        """What is wrong, in words."""
        found = [f"{count} {kind}" for kind, count in self.differences.items()]
        if self.settled_after_s is None:
            found.append("not settled")
        if self.unbalanced:
            found.append(f"{self.unbalanced} unbalanced counts")
        if letters := self.complaints.get("actor.dead_letter"):
            found.append(f"{letters} dead letters")
        if crashes := self.complaints.get("actor.crashed"):
            found.append(f"{crashes} crashes")
        found += [
            f"{count} times {how}" for how, count in self.ends.items() if "failed" in how or "not drained within" in how
        ]
        return found


def table(reports: list[Report]) -> str:
    """The reports side by side, a line per figure."""
    lines: list[tuple[str, list[object]]] = [
        ("", [each.store for each in reports]),
        ("seed", [each.seed for each in reports]),
        ("seconds", [round(each.seconds) for each in reports]),
        ("pairs of faults", [len(each.pairs) for each in reports]),
        ("payments", [each.sent for each in reports]),
        ("taken (202)", [each.answers.get(202, 0) for each in reports]),
        ("other answers", [_counts({k: v for k, v in each.answers.items() if k != 202}) for each in reports]),
        ("settled at", [_counts(each.rows) for each in reports]),
        ("clients that gave up", [each.gave_up + each.turned_away for each in reports]),
        ("longest gap, s", [round(each.longest_gap_s, 1) for each in reports]),
        ("settled after, s", ["never" if (s := each.settled_after_s) is None else round(s, 1) for each in reports]),
        ("ends of processes", [_counts(each.ends) for each in reports]),
        ("complaints", [_counts(each.complaints) for each in reports]),
        ("letters", [_counts(each.letters) for each in reports]),
        ("books", ["agree" if not each.differences else _counts(each.differences) for each in reports]),
        ("wrong", ["; ".join(each.faults) or "nothing" for each in reports]),
    ]
    return "\n".join(f"| {name} | {' | '.join(map(str, figures))} |" for name, figures in lines)


def _counts(counts: dict[Any, int]) -> str:
    return ", ".join(f"{name}: {count}" for name, count in sorted(counts.items(), key=str)) or "none"
