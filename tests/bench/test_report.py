from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.bench.made_rounds import made_floor, made_latency, made_round, made_slice, made_usage
from tests.bench.report.__main__ import main
from tests.bench.report.markdown import render
from tests.bench.report.samples import by_subject
from tests.bench.rounds import FILE_NAME, Speed, append

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.bench.rounds import Round


class Report:
    """The report of some rounds, read back from its Markdown."""

    def __init__(self, rounds: Sequence[Round]) -> None:
        self.text = render(by_subject(rounds), {})

    def rows(self, part: str) -> list[dict[str, str]]:
        """The rows of a part's table, cells by column."""
        section = self.text.partition(f"## {part}\n")[2].partition("\n## ")[0]
        lines = [line for line in section.splitlines() if line.startswith("|")]
        head, _, *rows = ([cell.strip() for cell in line.strip("|").split("|")] for line in lines)
        return [dict(zip(head, row, strict=True)) for row in rows]

    def figure(self, title: str, subject: str = "queued") -> str:
        """A cell of the table of subjects."""
        (row,) = (row for row in self.rows("Subjects") if row[""] == title)
        return row[subject]

    def goal(self, title: str, subject: str = "queued") -> tuple[str, str, str]:
        """What was measured for a goal, in how many rounds it held, whether it was reached."""
        (row,) = (row for row in self.rows("Goals") if (row["subject"], row["goal"]) == (subject, title))
        return row["measured"], row["rounds within it"], row["reached"]


def p99s(subject: str, *values: float) -> list[Round]:
    """A round of each p99, numbered from 1."""
    return [
        made_round(subject, number, latency=made_latency(1, 3, value)) for number, value in enumerate(values, start=1)
    ]


def test_figures_are_medians_with_their_range() -> None:
    report = Report(p99s("queued", 9, 4, 5, 40))
    assert report.figure("p99, ms") == "7.00 (4.00 to 40.00)"
    assert report.figure("p50, ms") == "1.00"


def test_a_ratio_is_taken_within_a_set_and_then_the_median() -> None:
    """The medians' own ratio would be 12 / 10."""
    rounds = [*p99s("floor", 2, 10, 40), *p99s("queued", 8, 12, 60)]
    assert Report(rounds).figure("p99 ÷ the floor's") == "1.50 (1.20 to 4.00)"


def test_a_round_whose_set_has_no_floor_has_no_ratio() -> None:
    report = Report([*p99s("floor", 2), *p99s("queued", 3, 200)])
    assert report.figure("p99 ÷ the floor's") == "1.50"
    assert [(row["rounds"], row["beside a floor"]) for row in report.rows("What was measured")] == [
        ("1", "1"),
        ("2", "1"),
    ]


def test_without_a_floor_there_are_no_ratios() -> None:
    report = Report([made_round()])
    assert report.figure("p99 ÷ the floor's") == "-"
    assert report.goal("p99 ÷ the floor's") == ("-", "-", "not measured")
    assert report.goal("CPU per accepted payment, ms")[2] == "yes"


def test_what_ran_without_containers_compares_with_its_own_floor() -> None:
    rounds = [*p99s("floor", 2), *p99s("local-floor", 4), *p99s("local-queued", 12)]
    report = Report(rounds)
    assert report.figure("p99 ÷ the floor's", "local-queued") == "3.00"
    assert "None of the subjects that have goals was measured." in report.text


def test_subjects_stand_in_one_order_the_unknown_last() -> None:
    names = ["local-queued", "other", "base", "fastest", "queued", "floor"]
    report = Report([made_round(each) for each in names])
    assert list(report.rows("Subjects")[0]) == ["", "floor", "queued", "fastest", "base", "other", "local-queued"]


def test_usage_is_summed_over_services_and_divided_by_payments() -> None:
    usage = {"a": made_usage(300, 2, 60_000_000), "b": made_usage(600, 5, 30_000_000)}
    report = Report([made_round(usage=usage, accepted=2000)])
    assert report.figure("CPU per accepted payment, ms") == "0.450"
    assert report.figure("throttled periods, steady phase") == "7"
    assert report.figure("memory at the end, MB") == "90"
    services = {row["service"]: row for row in report.rows("Services")}
    assert [services["b"][title] for title in ("CPU, ms per payment", "user", "system")] == ["0.300", "0.225", "0.075"]
    assert [services["a"][title] for title in ("CPU limit", "throttled periods", "peak memory, MB", "limit")] == [
        "0.50",
        "4",
        "61",
        "50",
    ]


def test_the_floor_settles_nothing_and_has_no_score() -> None:
    report = Report([made_floor(), made_round(settled={"default": 750, "fallback": 250})])
    assert [report.figure(title, "floor") for title in ("settled at the default, %", "score")] == ["-", "-"]
    assert [report.figure(title) for title in ("settled at the default, %", "score")] == ["75.00", "21,552"]


def test_a_round_in_which_nothing_was_accepted_has_no_cpu_per_payment() -> None:
    report = Report([made_round(accepted=0, refused=1000, settled={"default": 0}, slices=[])])
    assert report.figure("CPU per accepted payment, ms") == "-"
    assert report.figure("requests refused") == "1,000"
    assert report.goal("settled elsewhere than at the default") == ("-", "-", "not measured")


def test_all_goals_can_be_reached() -> None:
    ours = ("queued", "received", "durable", "fastest")
    report = Report([made_floor(), *(made_round(each) for each in ours)])
    assert {row["reached"] for row in report.rows("Goals")} == {"yes"}
    assert {row["subject"] for row in report.rows("Goals")} == set(ours)
    assert "33 reached, 0 missed, 0 not measured." in report.text


@pytest.mark.parametrize("subject, limit", [("queued", 1.5), ("received", 1.75), ("durable", 2.5)])
def test_p99_has_a_limit_per_level_which_the_median_ratio_may_touch(subject: str, limit: float) -> None:
    floors = p99s("floor", 4, 4, 4)
    at = Report([*floors, *p99s(subject, 1, 4 * limit, 100)])
    assert at.goal("p99 ÷ the floor's", subject) == (f"{limit:.2f} (0.25 to 25.00)", "2 of 3", "yes")
    above = Report([*floors, *p99s(subject, 1, 4 * limit + 0.04, 100)])
    assert above.goal("p99 ÷ the floor's", subject) == (f"{limit + 0.01:.2f} (0.25 to 25.00)", "1 of 3", "**no**")


@pytest.mark.parametrize(
    "title, fields, measured",
    [
        ("p50 ÷ the floor's", {"latency": made_latency(2.1, 3, 4)}, "2.10"),
        ("CPU per accepted payment, ms", {"usage": {"worker": made_usage(651)}}, "0.651"),
        ("throttled periods, steady phase", {"usage": {"worker": made_usage(1, steady_throttled=1)}}, "1"),
        ("memory at the end, MB", {"usage": {"worker": made_usage(1, memory_end=201_000_000)}}, "201"),
        ("APIs and worker ready after, s", {"ready_s": {"haproxy": 1, "payment-api-2": 2.01}}, "2.01"),
        ("worst slice's p99 ÷ the first's", {"slices": [made_slice(0, 2), made_slice(1, 6.2)]}, "3.10"),
        ("settled elsewhere than at the default", {"settled": {"default": 999, "fallback": 1}}, "1"),
        ("lag, payments", {"lag": 1}, "1"),
        ("lag, payments", {"lag": -1}, "-1"),
        ("inconsistencies", {"inconsistencies": 1}, "1"),
        ("differences in the books", {"differences": ["settled twice: …"]}, "1"),
    ],
)
def test_each_goal_can_be_missed(title: str, fields: dict[str, Any], measured: str) -> None:
    report = Report([made_floor(), made_round(**fields)])
    assert report.goal(title) == (measured, "0 of 1", "**no**")
    assert "10 reached, 1 missed, 0 not measured." in report.text


def test_some_goals_have_to_hold_in_every_round() -> None:
    report = Report([made_round("fastest", number, lag=int(number == 2)) for number in (1, 2, 3)])
    assert report.goal("lag, payments", "fastest") == ("0 (0 to 1)", "2 of 3", "**no**")
    assert report.goal("inconsistencies", "fastest") == ("0", "3 of 3", "yes")


def test_a_slice_without_requests_says_nothing() -> None:
    slices = [made_slice(0, 50, count=0), made_slice(1, 2), made_slice(2, 4), made_slice(3, 90, count=0)]
    assert Report([made_round(slices=slices)]).figure("worst slice's p99 ÷ the first's") == "2.00"


def test_differences_are_listed_the_first_of_each_round() -> None:
    report = Report([made_round(number=3, differences=[f"payment {number}" for number in range(8)])])
    assert "- queued 3: `payment 0`\n" in report.text
    assert "payment 5" not in report.text
    assert "- queued 3: 3 more\n" in report.text


@pytest.mark.parametrize("content, named", [(None, FILE_NAME), ("{}", f"{FILE_NAME}:1")])
def test_what_cannot_be_read_is_named_and_nothing_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str | None, named: str
) -> None:
    if content is not None:
        (tmp_path / FILE_NAME).write_text(content)
    assert main([str(tmp_path)]) == 2
    assert capsys.readouterr().err.startswith(str(tmp_path / named) + ": ")
    assert not list(tmp_path.glob("*.md")) + list(tmp_path.glob("*.svg"))


def test_the_report_stands_beside_its_rounds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    append(tmp_path, made_round())
    assert main([str(tmp_path)]) == 0
    written = tmp_path / "report.md"
    assert capsys.readouterr().out == f"{written}\n"
    assert "| queued | v1-3-gabcdef0 | 2026-11-22T10:01:00Z |" in written.read_text()


def beside(loop_ms: float, **fields: Any) -> dict[str, Any]:
    return {"speed_before": Speed(10.0, 50, 400), "speed_after": Speed(loop_ms, 60, 1500), **fields}


def test_the_hosts_speed_stands_beside_each_round_and_sets_in_which_it_changed_are_named() -> None:
    report = Report(
        [
            made_floor(1, **beside(12.0)),
            made_round(number=1, **beside(10.0, stolen_share=0.031)),
            made_floor(2, **beside(10.0)),
            made_round(number=2, **beside(12.1)),
        ]
    )
    assert [row["set"] for row in report.rows("Host")] == ["1", "1", "2 (changed)", "2 (changed)"]
    assert "changed by over 20% within them, which say little: 2 (by 21%)." in report.text
    row = report.rows("Host")[1]
    assert (row["fixed loop before, ms"], row["stolen during it, %"]) == ("10.0", "3.1")


def test_of_rounds_without_it_the_hosts_speed_is_said_not_to_be_measured() -> None:
    assert "## Host\n\nNot measured.\n" in Report([made_round()]).text


def test_the_load_is_named() -> None:
    assert "550 users within 60 s, by official. Host" in Report([made_round(script="official")]).text
