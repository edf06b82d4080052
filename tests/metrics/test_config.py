"""What Prometheus and Grafana are given: rules that hold, names that are there, and a section for each alert."""

from __future__ import annotations

import json
import re

import pytest

from rinha.metrics.render import render
from tests.metrics.text import ROOT, names, names_in, promtool
from tests.support.samples import METRICS

ALERTS = (ROOT / "config" / "alerts.yml").read_text(encoding="utf-8")
DASHBOARD = (ROOT / "config" / "grafana" / "dashboard.json").read_text(encoding="utf-8")
TROUBLESHOOTING = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")


def test_rules_and_configuration_are_valid() -> None:
    promtool("check", "rules", "alerts.yml")
    promtool("check", "config", "prometheus.yml")


@pytest.mark.parametrize("up", [True, False])
def test_metrics_are_as_prometheus_wants_them(up: bool) -> None:
    promtool("check", "metrics", text=render(METRICS, up=up).decode())


def test_every_name_in_alerts_and_dashboard_is_one_of_ours() -> None:
    known = names(render(METRICS, up=True).decode())
    assert names_in(ALERTS) - known == set()
    assert names_in(DASHBOARD) - known == set()


def test_the_dashboard_shows_every_metric() -> None:
    shown = {re.sub(r"_(bucket|sum|count)$", "", each) for each in names_in(DASHBOARD)}
    known = {re.sub(r"_(bucket|sum|count)$", "", each) for each in names(render(METRICS, up=True).decode())}
    assert known - shown == set()


def test_the_panels_of_the_dashboard_do_not_overlap() -> None:
    taken: set[tuple[int, int]] = set()
    panels = json.loads(DASHBOARD)["panels"]
    for panel in panels:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells
    assert max(x for x, _ in taken) < 24
    assert len({panel["id"] for panel in panels}) == len(panels)


def test_each_of_six_alerts_has_a_section_that_says_what_to_do() -> None:
    alerts = re.findall(r"- alert: (\w+)", ALERTS)
    assert len(alerts) == 6
    sections = TROUBLESHOOTING.split("\n## ")[1:]
    by_title = {section.partition("\n")[0]: section for section in sections}
    for alert in alerts:
        assert f"docs/troubleshooting.md#{alert.lower()}" in ALERTS
        assert "**What to do.**" in by_title[alert], alert
