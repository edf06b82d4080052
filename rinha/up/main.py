"""``rinha up``: the whole system as processes of this machine."""

from __future__ import annotations

import asyncio
import errno
import socket
import sys
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from rinha.logs.output import say
from rinha.net.address import UnixAddress
from rinha.net.host import bracketed
from rinha.net.listener import Listener
from rinha.process import STOP_SIGNALS, ExitCode, why_not_bound
from rinha.settings.processors import PROCESSORS
from rinha.up.bridge import open_bridge, open_pairs
from rinha.up.child import ChildSpec
from rinha.up.readiness import until_apis_ready, until_listening
from rinha.up.stages import Stage, Supervisor

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from rinha.net.address import Address
    from rinha.settings.table import Settings
    from rinha.up.bridge import Bridge

STOP_MARGIN_S = 5.0
"""What a child may need beyond ``RINHA_DRAIN_S`` before it is killed."""

BACKLOG = 4096
"""Connections that wait to be accepted: the kernel cuts it to its own limit, 4096 on Linux since 5.4."""


Table: TypeAlias = "Callable[[Settings, Mapping[str, str], socket.socket, Bridge], list[Stage]]"


class CannotListenError(Exception):
    """The settings name a place where we can't listen; the text says which one, why and what to change."""


def make_stages(settings: Settings, environ: Mapping[str, str], listener: socket.socket, bridge: Bridge) -> list[Stage]:
    """Make the table of children: simulators if there are to be any, the worker, the APIs.

    Args:
        settings: what is in effect.
        environ: the environment of the simulators, whom the bridge doesn't concern.
        listener: the APIs' listening socket, which each of them inherits.
        bridge: between worker and APIs.
    """
    fds = () if bridge.listener is None else (bridge.listener.fileno(),)
    worker = Stage((_rinha("payment-worker", ("worker", *_take_over(fds)), bridge.environ, fds),))
    return [*_simulators(settings, environ), worker, _apis(settings, bridge.environ, listener)]


def make_scaled_stages(
    settings: Settings, environ: Mapping[str, str], listener: socket.socket, pairs: Sequence[Bridge]
) -> list[Stage]:
    """Make the table of children with NATS: a worker and a relay for each bridge, and APIs that know of none.

    Args:
        settings: what is in effect.
        environ: the environment of simulators and APIs.
        listener: the APIs' listening socket.
        pairs: the bridges.
    """
    return [*_simulators(settings, environ), *make_pairs(pairs), _apis(settings, environ, listener)]


def make_pairs(pairs: Sequence[Bridge]) -> list[Stage]:
    """Make the table of workers and their relays, which are stopped before them."""
    workers: list[ChildSpec] = []
    relays: list[ChildSpec] = []
    for number, pair in enumerate(pairs, start=1):
        for role, children in (("worker", workers), ("relay", relays)):
            name = f"payment-{role}-{number}"
            children.append(_rinha(name, (role, "--name", name), pair.environ))
    return [Stage(tuple(workers)), Stage(tuple(relays))]


def _simulators(settings: Settings, environ: Mapping[str, str]) -> list[Stage]:
    stages = []
    if settings.simulate:
        places = [(processor.url.host, processor.url.port) for processor in settings.processors]
        simulators = [
            _rinha(
                f"payment-processor-{processor.name}",
                ("simulator", "--name", processor.name, "--host", host, "--port", str(port)),
                environ,
            )
            for processor, (host, port) in zip(settings.processors, places, strict=True)
        ]
        stages.append(Stage(tuple(simulators), partial(until_listening, places)))
    return stages


def _apis(settings: Settings, environ: Mapping[str, str], listener: socket.socket) -> Stage:
    fds = (listener.fileno(),)
    names = [f"payment-api-{number}" for number in range(1, settings.api_count + 1)]
    apis = [_rinha(name, ("api", *_take_over(fds)), {**environ, "RINHA_API_NAME": name}, fds) for name in names]
    return Stage(tuple(apis), partial(until_apis_ready, *_reachable(listener), frozenset(names)))


def run_up(settings: Settings, environ: Mapping[str, str], table: Table = make_stages) -> int:
    """Run the system until a signal stops it, then drain it.

    Args:
        settings: what is in effect.
        environ: the environment that children get, with changes of our own.
        table: makes the table of children.

    Returns:
        As ``Supervisor.run``, and ``REFUSED`` if a port is taken. The ids of payments that wait are in the log.
    """
    try:
        if settings.simulate:
            for processor in settings.processors:
                _check_free(processor.url.host, processor.url.port)
        listener = _listen(settings.listen_address)
    except CannotListenError as error:
        say(str(error))
        return ExitCode.REFUSED
    host, port = _reachable(listener)
    url = f"http://{bracketed(host)}:{port}"
    if settings.nats is not None:
        with listener, open_pairs(environ, settings.shards, url) as pairs:
            stages = make_scaled_stages(settings, environ, listener, pairs)
            return asyncio.run(run_stages(stages, settings, lambda: _announce(url, pairs[0])))
    with listener, open_bridge(environ, url) as bridge:
        stages = table(settings, environ, listener, bridge)
        return asyncio.run(run_stages(stages, settings, lambda: _announce(url, bridge)))


def run_shard(settings: Settings, environ: Mapping[str, str]) -> int:
    """Run one worker and its relay until a signal stops them: for a shard that is free, or becomes free.

    Returns:
        As ``Supervisor.run``, and ``REFUSED`` without NATS.
    """
    if settings.nats is None:
        say("`rinha shard` is a part of a system with NATS: set RINHA_NATS, RINHA_SHARDS and RINHA_STORE as that has")
        return ExitCode.REFUSED
    with open_pairs(environ, 1) as pairs:
        ready = "a worker and its relay have started; they hold a shard, or stand by for one: see the log"
        return asyncio.run(run_stages(make_pairs(pairs), settings, lambda: say(ready)))


async def run_stages(stages: Sequence[Stage], settings: Settings, on_ready: Callable[[], None]) -> int:
    """Supervise the stages until a signal stops it; returns the exit code."""
    timeout_s = settings.drain_s + STOP_MARGIN_S
    supervisor = Supervisor(stages, stop_timeout_s=timeout_s, on_ready=on_ready, on_waiting=_say_waiting)
    loop = asyncio.get_running_loop()
    for number in STOP_SIGNALS:
        loop.add_signal_handler(number, supervisor.end, number)
    return await supervisor.run()


def _rinha(name: str, arguments: tuple[str, ...], environ: Mapping[str, str], fds: tuple[int, ...] = ()) -> ChildSpec:
    return ChildSpec(name, (sys.executable, "-m", "rinha", *arguments), environ, fds)


def _take_over(fds: tuple[int, ...]) -> tuple[str, ...]:
    return tuple(word for fd in fds for word in ("--fd", str(fd)))


def _listen(place: Address) -> socket.socket:
    if isinstance(place, UnixAddress):
        raise CannotListenError(f"RINHA_HOST={place}: `rinha up` listens on a port; name an address of this machine")
    host, port = place.host, place.port
    try:
        return Listener(place, backlog=BACKLOG).socket
    except socket.gaierror as error:
        raise CannotListenError(f"RINHA_HOST={host}: {why_not_bound(error)}; name an address of this machine") from None
    except OSError as error:
        if error.errno == errno.EADDRNOTAVAIL:
            raise CannotListenError(f"RINHA_HOST={host}: {why_not_bound(error)}; 0.0.0.0 and :: mean all") from None
        raise CannotListenError(
            f"RINHA_PORT={port}: can't listen on port {port} of {host}: {why_not_bound(error)}; choose another port "
            "(RINHA_PORT=0 takes a free one)"
        ) from None


def _check_free(host: str, port: int) -> None:
    try:
        socket.create_server((host, port)).close()
    except OSError as error:
        urls = " and ".join(each.url.name for each in PROCESSORS)
        raise CannotListenError(
            f"port {port} of {host}, for a simulated processor, can't be had: {why_not_bound(error)}; free it, or set "
            f"{urls} to use processors that run already"
        ) from None


def _reachable(listener: socket.socket) -> tuple[str, int]:
    """Where a client on this machine reaches the listener."""
    host, port = listener.getsockname()[:2]
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host), port


def _say_waiting(name: str) -> None:
    say(
        f"{name} can't start: the journal that RINHA_STORE names isn't there, or another worker has it, perhaps of "
        "another `rinha up`. Its log line worker.store_unavailable says which. It tries again until it can; Ctrl-C "
        "ends this."
    )


def _announce(url: str, bridge: Bridge) -> None:
    # On stderr, because stdout holds JSON lines alone.
    say(
        f"rinha listens on {url}; Ctrl-C drains and stops it. Try:\n"
        f"  curl -i {url}/payments -H 'Content-Type: application/json' "
        """-d "{\\"correlationId\\": \\"$(cat /proc/sys/kernel/random/uuid)\\", \\"amount\\": 19.90}"\n"""
        f"  curl {url}/payments-summary\n  {bridge.ask}"
    )
