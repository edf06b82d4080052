"""A listening socket over TCP: whom it serves. Unix sockets are in ``bridge/server/test_listener.py``."""

from __future__ import annotations

import socket
from contextlib import closing

import pytest

from rinha.net.address import TcpAddress
from rinha.net.listener import Listener


def served(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=5).close()
    except OSError:
        return False
    return True


def listener(host: str) -> Listener:
    try:
        return Listener(TcpAddress(host, 0), backlog=1)
    except OSError as error:
        pytest.skip(f"no IPv6 here: {error}")


def test_the_unspecified_address_of_ipv6_serves_both_families() -> None:
    with closing(listener("::")) as every:
        assert isinstance(every.address, TcpAddress)
        # Whatever net.ipv6.bindv6only says.
        assert every.socket.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY) == 0
        assert served("::1", every.address.port)
        assert served("127.0.0.1", every.address.port)


def test_a_single_address_is_served_alone() -> None:
    with closing(listener("::1")) as one:
        assert isinstance(one.address, TcpAddress)
        assert served("::1", one.address.port)
        assert not served("127.0.0.1", one.address.port)
