"""Name services that are silent, fail or change their mind: nobody waits for them but who has no address at all."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING
from uuid import UUID

import gevent
import pytest

from actors.values import Payment, Refused, Settled
from rinha.net.http_url import HttpUrl
from rinha.processors import addresses
from rinha.processors.addresses import FRESH_S, PAUSE_S, Addresses
from rinha.processors.errors import NotSent
from rinha.processors.open import open_client
from tests.support.patience import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rinha.processors.addresses import Place
    from rinha.processors.client import HttpProcessorClient
    from tests.processors.conftest import Connect, Peer

AT_MS = 1_752_582_896_007
PAYMENT = Payment(UUID("4a7901b8-7d26-4d9d-aa19-4dc1c7cf60b3").bytes, 1990)
NAME = "processor.example"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


class NameService:
    """Answers when it may, with an address or with what is wrong."""

    def __init__(self) -> None:
        self.asked = 0
        self.answer: str | OSError = "127.0.0.1"
        self.may_answer = threading.Event()
        self.may_answer.set()

    def __call__(self, host: str, port: int) -> Sequence[Place]:
        self.asked += 1
        self.may_answer.wait(PATIENCE_S)
        if isinstance(self.answer, OSError):
            raise self.answer
        return addresses.look_up(self.answer, port)


class Clock:
    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def names() -> Iterator[NameService]:
    names = NameService()
    yield names
    names.may_answer.set()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def named(names: NameService, clock: Clock) -> Addresses:
    return Addresses(NAME, 80, look_up=names, monotonic_s=clock)


def until(condition: Callable[[], bool]) -> None:
    while not condition():
        gevent.sleep(0.002)


def hosts(places: Sequence[Place]) -> list[str]:
    return [address[0] for _, address in places]


def refused(client: HttpProcessorClient) -> str:
    outcome = client.post(PAYMENT, AT_MS)
    assert isinstance(outcome, Refused)
    return outcome.reason


def test_a_silent_name_service_holds_up_the_processor_of_that_name_alone(
    peer: Peer, connect: Connect, names: NameService, monkeypatch: pytest.MonkeyPatch
) -> None:
    peer.play(OK)
    monkeypatch.setattr(addresses, "PATIENCE_S", 0.05)
    names.may_answer.clear()
    silent = open_client(HttpUrl(NAME, peer.port), connections=16, deadline_s=PATIENCE_S, look_up=names)
    other = open_client(
        HttpUrl("other.example", peer.port), connections=2, deadline_s=PATIENCE_S, look_up=NameService()
    )
    asking = [gevent.spawn(refused, silent) for _ in range(12)]

    assert connect().post(PAYMENT, AT_MS) == other.post(PAYMENT, AT_MS) == Settled(1990, AT_MS)
    assert {each.get() for each in asking} == {f"no address of {NAME}: its name is being looked up still"}
    assert silent.health() is None
    assert names.asked == 1

    names.may_answer.set()
    until(lambda: isinstance(silent.post(PAYMENT, AT_MS), Settled))
    assert names.asked == 1
    silent.close()
    other.close()


def test_a_numeric_address_goes_through_though_gevent_s_resolver_is_busy(peer: Peer, connect: Connect) -> None:
    peer.play(OK)
    released = threading.Event()
    pool = gevent.get_hub().threadpool
    blocked = [pool.spawn(released.wait, PATIENCE_S) for _ in range(pool.maxsize)]
    try:
        with gevent.Timeout(PATIENCE_S / 2):
            assert connect().post(PAYMENT, AT_MS) == Settled(1990, AT_MS)
    finally:
        released.set()
        gevent.wait(blocked)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_numeric_address_is_never_looked_up(host: str, names: NameService, clock: Clock) -> None:
    numeric = Addresses(host, 80, look_up=names, monotonic_s=clock)
    assert hosts(numeric.get()) == [host]
    numeric.doubt()
    clock.now_s += FRESH_S + 1
    assert hosts(numeric.get()) == [host]
    assert names.asked == 0


def test_an_address_is_kept_and_looked_up_anew_when_it_is_old_without_waiting(
    named: Addresses, names: NameService, clock: Clock
) -> None:
    assert hosts(named.get()) == ["127.0.0.1"]
    clock.now_s += FRESH_S - 1
    assert hosts(named.get()) == ["127.0.0.1"]
    assert names.asked == 1

    clock.now_s += 1
    names.answer = "127.0.0.2"
    names.may_answer.clear()
    assert hosts(named.get()) == ["127.0.0.1"]
    until(lambda: names.asked == 2)
    assert hosts(named.get()) == ["127.0.0.1"]
    names.may_answer.set()
    until(lambda: hosts(named.get()) == ["127.0.0.2"])
    assert names.asked == 2


def test_a_name_service_that_fails_takes_no_known_address_away(
    named: Addresses, names: NameService, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    named.get()
    names.answer = OSError(-3, "Temporary failure in name resolution")
    clock.now_s += FRESH_S
    named.get()
    until(lambda: "processor.name_not_found" in caplog.messages)
    assert hosts(named.get()) == ["127.0.0.1"]


def test_a_name_that_is_not_found_is_asked_for_again_after_a_pause_and_said_once(
    named: Addresses, names: NameService, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    names.answer = OSError(-2, "Name or service not known")
    for _ in range(3):
        with pytest.raises(NotSent, match=f"no address of {NAME}: Name or service not known"):
            named.get()
    assert names.asked == 1
    clock.now_s += PAUSE_S
    with pytest.raises(NotSent):
        named.get()
    assert names.asked == 2
    names.answer = "127.0.0.1"
    clock.now_s += PAUSE_S
    assert hosts(named.get()) == ["127.0.0.1"]
    assert caplog.messages == ["processor.name_not_found", "processor.name_found"]


def test_whatever_a_look_up_raises_the_next_one_begins(clock: Clock) -> None:
    def fail(host: str, port: int) -> Sequence[Place]:
        raise UnicodeError("no name")

    named = Addresses(NAME, 80, look_up=fail, monotonic_s=clock)
    for _ in range(2):
        with pytest.raises(NotSent, match="no name"):
            named.get()
        clock.now_s += PAUSE_S


def test_a_connection_that_fails_has_the_name_looked_up_anew(peer: Peer, names: NameService) -> None:
    peer.play(OK)
    names.answer = "127.0.0.2"  # where nobody listens, since the container was made anew
    client = open_client(HttpUrl(NAME, peer.port), connections=2, deadline_s=PATIENCE_S, look_up=names)
    assert "refused" in refused(client)
    names.answer = "127.0.0.1"
    until(lambda: isinstance(client.post(PAYMENT, AT_MS), Settled))
    assert names.asked >= 2
    client.close()


def test_the_next_address_is_tried_if_nobody_answers_at_the_first(peer: Peer) -> None:
    peer.play(OK)

    def two(host: str, port: int) -> Sequence[Place]:
        return [*addresses.look_up("127.0.0.2", port), *addresses.look_up("127.0.0.1", port)]

    client = open_client(HttpUrl(NAME, peer.port), connections=2, deadline_s=PATIENCE_S, look_up=two)
    assert client.post(PAYMENT, AT_MS) == Settled(1990, AT_MS)
    client.close()
