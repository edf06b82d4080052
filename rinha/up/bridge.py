"""The bridge of a system on one machine: where it is configured to be, or else on loopback, for this system alone."""

from __future__ import annotations

import contextlib
import socket
from typing import TYPE_CHECKING, NamedTuple

from rinha.net.address import TcpAddress
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
