"""The contest's overlay: its rules in the rendered configuration, and a run on the contest's network."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from rinha.commands.reconcile import reconcile
from rinha.settings.rows import VARIABLES
from tests.support.client import Answers, their_rows, totals, until_settled
from tests.support.containers import (
    CONTEST_ENV,
    CONTEST_FILES,
    PORT,
    PROCESSOR_PORTS,
    PROCESSORS,
    SERVICES,
    URL,
    Stack,
    run,
)
from tests.support.load import Load

if TYPE_CHECKING:
    from collections.abc import Iterator

    import aiohttp

    from tests.compose.conftest import RunStack

CPU_MAX = 1.5
MEMORY_MAX_MB = 350
NETWORK = "payment-processor"
SCALE_FILES = ("compose.yaml", "config/compose.scale.yaml")
MADE_BY_COMPOSE = {"RINHA_PORT", "RINHA_API_COUNT", "RINHA_BRIDGE_SECRET", "RINHA_NATS"}
"""Settings that mean nothing in a container, or that it makes itself."""


def contest() -> Stack:
    return Stack(CONTEST_FILES, env_file=CONTEST_ENV)


@pytest.fixture(scope="module")
def rendered() -> dict[str, Any]:
    return Stack(CONTEST_FILES, env_file=CONTEST_ENV, environ={"PUBLISHED_PORT": ""}).config()


@pytest.fixture(scope="module")
def processors(run_stack: RunStack) -> Iterator[Stack]:
    """The contest's processors, on a network of their own that the overlay joins."""
    if run("docker", "network", "ls", "--quiet", "--filter", f"name=^{NETWORK}$"):
        pytest.exit(f"there is a network {NETWORK} already: stop what uses it, docker network rm {NETWORK}", 2)
    with run_stack(
        Stack(["tests/compose/processors.yaml"], project="rinha-test-processors"), *PROCESSOR_PORTS.values()
    ) as stack:
        yield stack


def test_the_services_are_a_balancer_two_apis_and_a_worker(rendered: dict[str, Any]) -> None:
    assert set(rendered["services"]) == set(SERVICES)


def test_the_limits_add_up_to_what_the_contest_allows(rendered: dict[str, Any]) -> None:
    limits = {name: each["deploy"]["resources"]["limits"] for name, each in rendered["services"].items()}
    assert sum(float(each["cpus"]) for each in limits.values()) <= CPU_MAX + 1e-9, limits
    # Compose's MB are MiB; the contest adds up the figures as they stand.
    assert sum(int(each["memory"]) for each in limits.values()) <= MEMORY_MAX_MB * 2**20, limits


def test_nothing_is_privileged_or_replicated_and_all_networks_are_bridges(rendered: dict[str, Any]) -> None:
    for name, service in rendered["services"].items():
        assert not service.get("privileged"), name
        assert "network_mode" not in service, name
        assert not {"replicas", "mode"} & set(service["deploy"]), name
        assert "scale" not in service, name
    assert {each.get("driver", "bridge") for each in rendered["networks"].values()} == {"bridge"}
    outside = rendered["networks"]["processors"]
    assert (outside["name"], outside["external"]) == (NETWORK, True)


def test_port_9999_alone_is_published(rendered: dict[str, Any]) -> None:
    published = {
        (name, port["published"]) for name, service in rendered["services"].items() for port in service.get("ports", [])
    }
    assert published == {("haproxy", "9999")}


def test_the_preset_is_in_effect(rendered: dict[str, Any]) -> None:
    for name in ("payment-api-1", "payment-api-2", "payment-worker"):
        environment = rendered["services"][name]["environment"]
        assert environment["RINHA_ACCEPT"] == "queued"
        assert environment["RINHA_ROUTING"] == "cheapest"
        assert float(environment["RINHA_PATIENCE_S"]) >= 20, "the default processor fails for 20 s"
        assert environment["RINHA_TRACE_SHARE"] == "0"
        assert environment["RINHA_BRIDGE"] == "unix:/run/rinha/bridge"
        assert environment["RINHA_TIME_SLICE_MS"] == ("100" if name == "payment-worker" else "0.1")
    assert rendered["services"]["haproxy"]["environment"]["RINHA_BALANCE"] == "first"


def test_every_setting_reaches_the_containers(rendered: dict[str, Any]) -> None:
    """Whoever adds a setting adds it to compose.yaml as well, or to the overlay that it is for."""
    scale = Stack(SCALE_FILES).config()["services"]
    passed = set(rendered["services"]["payment-worker"]["environment"]) | {"RINHA_API_NAME"}
    passed |= set(scale["shard-1"]["environment"]) | set(scale["payment-api-1"]["environment"])
    assert {variable.name for variable in VARIABLES} - passed == MADE_BY_COMPOSE


async def test_it_serves_soon_and_keeps_the_books_on_the_contests_network(
    run_stack: RunStack, processors: Stack, session: aiohttp.ClientSession
) -> None:
    began_s, ready_s = time.time(), list[float]()
    with run_stack(contest(), PORT, start=lambda stack: ready_s.append(stack.up_until_ready("/health/ready"))) as stack:
        took_s = ready_s[0] - began_s
        print(f"serving after {took_s:.1f} s")
        answers = Answers()
        await Load(session, [URL], answers).ramp(users=150, pause_s=0.5, duration_s=6)
        statistics = await until_settled(session, URL)

        assert set(answers.counts()) == {202}
        theirs = await their_rows(session, PROCESSORS)
        assert reconcile(stack.rows(), theirs, acknowledged=answers.acknowledged()) == []
        assert theirs["fallback"] == []
        ours, summaries = await totals(session, URL, PROCESSORS, {})
        assert ours == summaries
        assert statistics["dead_letters"] == statistics["crashes"] == {}
