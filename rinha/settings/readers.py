"""How the text of single settings is read; what others read too is where it belongs."""

from __future__ import annotations

import re
import socket
from typing import TYPE_CHECKING
from uuid import UUID

from rinha.net.address import TcpAddress, parse_address

if TYPE_CHECKING:
    from rinha.net.address import Address


def parse_bridge(text: str) -> Address:
    """Read where the bridge is: an address that others can find."""
    address = parse_address(text)
    if isinstance(address, TcpAddress) and address.port == 0:
        raise ValueError("must name a port from 1, because the APIs have to find it")
    return address


def parse_api_name(text: str) -> str:
    """Read an API's name: it stands in logs and in a response header."""
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,64}", text):
        raise ValueError("must be 1 to 64 letters, digits, dots, hyphens or underscores")
    return text


def parse_journal_id(text: str) -> bytes:
    """Read a journal's id."""
    try:
        return UUID(text).bytes
    except ValueError:
        raise ValueError("must be a UUID, as the worker's log line worker.journal shows it") from None


def own_name() -> str:
    """The host's name, made fit to be an API's name."""
    return re.sub(r"[^A-Za-z0-9._-]", "-", socket.gethostname())[:64] or "api"
