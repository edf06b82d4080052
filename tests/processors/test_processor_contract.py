"""The client against the simulator in a process of its own: both ends agree on every outcome."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import gevent
import pytest

from actors.values import HealthReport, Outcome, Payment, Refused, Settled, Unknown
from rinha.net.http_url import parse_http_url
from rinha.processors.open import open_client

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rinha.processors.client import HttpProcessorClient

AT_MS = 1_752_582_896_007
SCRIPT = """
import sys
from rinha.simulator.main import run_simulator
sys.exit(run_simulator(name="default", fee_bps=500, host="127.0.0.1", port=0,
                       on_listening=lambda port: print(port, flush=True)))
"""


class Simulator:
    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"

    def admin(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"X-Rinha-Token": "123"}
        request = urllib.request.Request(f"{self.url}/admin/{path}", data, headers, method=method)
        with urllib.request.urlopen(request, timeout=5) as response:
            return json.loads(response.read())

    def set(self, lever: str, **fields: Any) -> None:
        self.admin("PUT", f"configurations/{lever}", fields)

    def holds(self, payment: Payment) -> bool:
        rows = self.admin("GET", "payments")
        return payment.payment_id.hex() in {row["id"].replace("-", "") for row in rows}


@pytest.fixture(scope="module")
def process() -> Iterator[Simulator]:
    with subprocess.Popen([sys.executable, "-c", SCRIPT], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield Simulator(int(process.stdout.readline()))
        finally:
            process.terminate()


@pytest.fixture
def simulator(process: Simulator) -> Simulator:
    process.set("fault", kind=None)
    process.set("delay", delay=0)
    process.set("failure", failure=False)
    process.admin("POST", "purge-payments")
    return process


@pytest.fixture
def client(simulator: Simulator) -> Iterator[HttpProcessorClient]:
    client = open_client(parse_http_url(simulator.url), deadline_s=1.0, connections=4)
    yield client
    client.close()


def new_payment(cents: int = 1990) -> Payment:
    return Payment(uuid4().bytes, cents)


def test_a_payment_settles_and_is_found_with_the_values_sent(simulator: Simulator, client: HttpProcessorClient) -> None:
    payment = new_payment(1_000_000_000)
    assert isinstance(client.find(payment.payment_id), Refused)
    assert client.post(payment, AT_MS) == Settled(1_000_000_000, AT_MS)
    assert client.find(payment.payment_id) == Settled(1_000_000_000, AT_MS)
    assert [(row["amount_cents"], row["requested_at_ms"]) for row in simulator.admin("GET", "payments")] == [
        (1_000_000_000, AT_MS)
    ]


def test_a_known_payment_settles_with_the_values_of_its_row(simulator: Simulator, client: HttpProcessorClient) -> None:
    payment = new_payment()
    client.post(payment, AT_MS)
    assert client.post(payment._replace(amount_cents=5), AT_MS + 1) == Settled(1990, AT_MS)


def test_a_failing_processor_refuses(simulator: Simulator, client: HttpProcessorClient) -> None:
    simulator.set("failure", failure=True)
    payment = new_payment()
    assert client.post(payment, AT_MS) == Refused("HTTP 500, empty body", at_processor=True)
    assert not simulator.holds(payment)


@pytest.mark.parametrize(
    ("kind", "outcome", "committed"),
    [
        ("commit-late", Unknown, True),
        ("commit-then-drop", Unknown, True),
        ("commit-then-500", Unknown, True),
        ("garbage", Unknown, True),
        ("nonsense", Settled, True),
        ("huge", Unknown, True),
        ("hang", Unknown, False),
        ("reset", Unknown, False),
        ("throttle", Refused, False),
        ("status", Refused, False),
    ],
)
def test_each_fault_is_what_the_client_takes_it_for_and_a_look_up_tells(
    kind: str, outcome: type[Outcome], committed: bool, simulator: Simulator, client: HttpProcessorClient
) -> None:
    simulator.set("fault", kind=kind, times=1, delay_ms=1200, status=None if kind == "nonsense" else 404)
    payment = new_payment()
    result = client.post(payment, AT_MS)
    # The huge fault answers with the status that it is given, which decides nothing: the body is over the limit.
    assert type(result) is outcome
    if isinstance(result, Refused):
        assert result.turned_away
    with gevent.Timeout(5):
        while simulator.holds(payment) != committed:
            gevent.sleep(0.02)
    assert (client.find(payment.payment_id) == Settled(1990, AT_MS)) == committed
    assert client.post(payment, AT_MS + 1) == Settled(1990, AT_MS if committed else AT_MS + 1)


def test_a_broken_look_up_tells_nothing(simulator: Simulator, client: HttpProcessorClient) -> None:
    payment = new_payment()
    client.post(payment, AT_MS)
    for kind in ("garbage", "nonsense", "huge", "hang", "reset", "throttle", "status"):
        simulator.set("fault", kind=kind, endpoint="lookup", times=1)
        assert isinstance(client.find(payment.payment_id), Unknown), kind
    assert client.find(payment.payment_id) == Settled(1990, AT_MS)


def test_health_is_read_and_faults_of_it_tell_nothing(simulator: Simulator, client: HttpProcessorClient) -> None:
    simulator.set("delay", delay=250)
    simulator.set("failure", failure=True)
    for kind in ("garbage", "nonsense", "huge", "reset", "throttle", "status"):
        simulator.set("fault", kind=kind, endpoint="health", times=1)
        assert client.health() is None, kind
    assert client.health() == HealthReport(True, 250)
