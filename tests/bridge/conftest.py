"""Workers, and both kinds of peers."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from actors.tracing import NotRecording
from rinha.bridge.client.client import BridgeClient
from rinha.net.address import UnixAddress, parse_address
from rinha.net.secret import FixedSecret
from tests.bridge.raw_peer import Peer
from tests.bridge.scripted_worker import SECRET, ScriptedWorker
from tests.bridge.worker_thread import Worker, no_answer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

    from actors.tracing import Recorder
    from rinha.bridge.protocol.wire.frames import Tally
    from rinha.net.address import Address
    from rinha.net.secret import SharedSecret


class StartWorker(Protocol):
    def __call__(
        self,
        address: Address | str = ...,
        *,
        secret: bytes = ...,
        incarnation: int = ...,
        epoch: int = ...,
        credit: int = ...,
        answer: Callable[[Any], Any] = ...,
        listen_fd: int | None = ...,
        tally: Callable[[], Tally] | None = ...,
    ) -> Worker: ...


@pytest.fixture
def start_worker() -> Iterator[StartWorker]:
    """Starts workers, and stops them when the test is over."""
    with ExitStack() as stack:

        def start(
            address: Address | str = "tcp://127.0.0.1:0",
            *,
            secret: bytes = b"secret",
            incarnation: int = 1,
            epoch: int = 1,
            credit: int = 100,
            answer: Callable[[Any], Any] = no_answer,
            listen_fd: int | None = None,
            tally: Callable[[], Tally] | None = None,
        ) -> Worker:
            worker = Worker(
                parse_address(address) if isinstance(address, str) else address,
                secret=secret,
                incarnation=incarnation,
                epoch=epoch,
                credit=credit,
                answer=answer,
                listen_fd=listen_fd,
                tally=tally,
            )
            stack.callback(worker.stop)
            return worker

        yield start


@pytest.fixture
def connect_raw(request: pytest.FixtureRequest) -> Callable[[Address], Peer]:
    def connect_to(address: Address) -> Peer:
        peer = Peer(address)
        request.addfinalizer(peer.close)
        return peer

    return connect_to


@pytest.fixture
async def scripted_worker(tmp_path: Path) -> AsyncIterator[ScriptedWorker]:
    worker = ScriptedWorker(UnixAddress(str(tmp_path / "bridge")))
    await worker.start()
    yield worker
    await worker.stop()


@pytest.fixture
async def connect_scripted(scripted_worker: ScriptedWorker) -> AsyncIterator[Callable[..., Any]]:
    clients = []

    async def start(
        answer_timeout_s: float = 5.0,
        secret: SharedSecret | None = None,
        recorder: Recorder | None = None,
        linger_s: float = 0.0,
        answer: Callable[[Any], object] | None = None,
    ) -> BridgeClient:
        client = BridgeClient(
            scripted_worker.address,
            secret or FixedSecret(SECRET),
            name="api",
            answer_timeout_s=answer_timeout_s,
            recorder=recorder or NotRecording(),
            linger_s=linger_s,
            answer=answer,
        )
        clients.append(client)
        await client.start()
        return client

    yield start
    for client in clients:
        await client.close(0)
