"""The bridge of a system on one machine: where it is configured to be, or else on loopback, for this system alone."""

from __future__ import annotations

import contextlib
import os
import socket
import tempfile
from typing import TYPE_CHECKING, NamedTuple

from rinha.net.address import TcpAddress, UnixAddress
from rinha.net.secret import new_secret
from rinha.up.runtime_file import SECRETS, URL, published

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

HOST = "127.0.0.1"


class Bridge(NamedTuple):
    """What the children of ``rinha up`` and its user have to know.

    Args:
        environ: the environment of worker and APIs.
        listener: the worker's listening socket; None if the worker binds the configured address.
        ask: how a person asks the system for its statistics.
    """

    environ: Mapping[str, str]
    listener: socket.socket | None = None
    ask: str = ""


@contextlib.contextmanager
def open_bridge(environ: Mapping[str, str], url: str) -> Iterator[Bridge]:
    """Prepare the bridge for the length of a context, and leave word of the system.

    Args:
        environ: what ``rinha up`` was told. If that names a bridge, it is left as it is.
        url: the APIs' base URL.
    """
    told = f"rinha statistics --url {url}"
    if environ.get("RINHA_BRIDGE"):
        yield Bridge(environ, ask=told)
        return
    # The worker inherits the socket: so its port stays ours while a worker that died is started again, and APIs that
    # connect meanwhile wait for it in the socket's queue.
    with socket.create_server((HOST, 0)) as listener:
        own = {"RINHA_BRIDGE": str(TcpAddress(HOST, listener.getsockname()[1]))}
        if not any(environ.get(name) for name in SECRETS):
            # Every user of this machine reaches a port of loopback, and an argument would be seen by all of them.
            own["RINHA_BRIDGE_SECRET"] = new_secret()
        with published(environ, {**own, URL: url}) as is_published:
            yield Bridge({**environ, **own}, listener, "rinha statistics" if is_published else told)


@contextlib.contextmanager
def open_pairs(environ: Mapping[str, str], pairs: int, url: str = "") -> Iterator[list[Bridge]]:
    """Prepare a bridge for each pair of worker and relay: Unix sockets that only this user reaches.

    Args:
        environ: what ``rinha up`` was told. A bridge that it names is that of others.
        pairs: how many.
        url: the APIs' base URL, of which word is left for commands; empty without any.
    """
    own = {name: text for name, text in environ.items() if name not in {"RINHA_BRIDGE", *SECRETS}}
    with contextlib.ExitStack() as stack:
        directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="rinha-bridges-"))
        places = [UnixAddress(os.path.join(directory, f"bridge-{number}")) for number in range(1, pairs + 1)]
        is_published = bool(url) and stack.enter_context(published(environ, {URL: url}))
        ask = "rinha statistics" if is_published else f"rinha statistics --url {url}"
        yield [Bridge({**own, "RINHA_BRIDGE": str(place)}, ask=ask) for place in places]
