"""Figures in Prometheus's text format."""

from __future__ import annotations

from rinha.metrics.render import render
from tests.metrics.text import names, samples
from tests.support.samples import METRICS

PROMISED = {
    "rinha_payments_accepted_total",
    "rinha_payments_settled_total",
    "rinha_payments_refused_total",
    "rinha_payments",
    "rinha_http_request_duration_seconds_bucket",
    "rinha_settlement_duration_seconds_bucket",
    "rinha_actor_mailbox_messages",
    "rinha_actor_mailbox_wait_seconds_sum",
    "rinha_actor_busy_seconds_total",
    "rinha_actor_restarts_total",
    "rinha_dead_letters_total",
    "rinha_processor_up",
    "rinha_processor_in_use",
    "rinha_processor_latency_seconds",
    "rinha_fees_cents_total",
    "rinha_bridge_credit",
    "rinha_journal_commit_seconds_sum",
    "rinha_build_info",
    "rinha_worker_up",
}


def test_every_name_is_there() -> None:
    assert names(render(METRICS, up=True).decode()) >= PROMISED


def test_figures_are_in_base_units() -> None:
    found = samples(render(METRICS, up=True).decode())
    assert found['rinha_payments_accepted_total{api="api-1"}'] == 7
    assert found['rinha_payments_refused_total{api="api-1",reason="full"}'] == 2
    assert found['rinha_payments_settled_total{processor="default"}'] == 9
    assert found['rinha_fees_cents_total{processor="default"}'] == 99.5
    assert found['rinha_payments{state="unknown"}'] == 2
    assert found['rinha_processor_latency_seconds{processor="default"}'] == 0.0015
    assert found['rinha_processor_up{processor="fallback"}'] == 0
    assert found['rinha_processor_in_use{processor="default"}'] == 1
    assert found['rinha_actor_mailbox_messages{actor="intake"}'] == 4
    assert found['rinha_actor_mailbox_wait_seconds_count{actor="intake"}'] == 100
    assert found['rinha_actor_mailbox_wait_seconds_sum{actor="intake"}'] == 0.5
    assert found['rinha_actor_busy_seconds_total{actor="intake"}'] == 0.25
    assert found['rinha_actor_restarts_total{actor="intake"}'] == 1
    assert (found["rinha_dead_letters_total"], found["rinha_journal_commit_seconds_sum"]) == (3, 0.5)
    assert found["rinha_worker_up"] == 1


def test_a_histogram_is_cumulative_and_has_all_in_its_last_bucket() -> None:
    found = samples(render(METRICS, up=True).decode())
    series = 'rinha_http_request_duration_seconds_bucket{api="api-1",le="'
    buckets = [(each[len(series) :].partition('"')[0], found[each]) for each in found if each.startswith(series)]
    counts = [count for _, count in buckets]
    assert counts == sorted(counts)
    assert buckets[-1] == ("+Inf", 7.0)
    assert counts.index(4) > 0, "some took longer than the first four"
    assert found['rinha_http_request_duration_seconds_count{api="api-1",status="202"}'] == 7
    assert found['rinha_http_request_duration_seconds_sum{api="api-1",status="202"}'] == 0.0445


def test_what_nobody_knows_is_left_out() -> None:
    found = samples(render(METRICS, up=True).decode())
    assert 'rinha_processor_latency_seconds{processor="fallback"}' not in found
    assert 'rinha_bridge_credit{api="api-2"}' not in found


def test_without_the_worker_only_what_an_api_knows_is_there() -> None:
    found = samples(render(METRICS, up=False).decode())
    assert found["rinha_worker_up"] == 0
    assert found['rinha_payments_accepted_total{api="api-1"}'] == 7
    assert not [each for each in found if "processor" in each or "actor" in each or each.startswith("rinha_payments{")]
