"""What a connection at the worker needs of the server that accepted it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from rinha.bridge.protocol.events import RequestReceived
    from rinha.bridge.protocol.handshake import Welcome
    from rinha.bridge.server.connection import ServerConnection


class Owner(Protocol):
    """The server, as its connections see it. Nothing here blocks."""

    def admit(self, connection: ServerConnection) -> Welcome:
        """Its API has proved who it is: let it in, and end older sessions of that API."""
        ...

    def handshake_failed(self, connection: ServerConnection) -> None:
        """It broke off, or had to be broken off, before its API was known."""
        ...

    def epoch_adopted(self) -> None:
        """An API has adopted an epoch."""
        ...

    def epoch_raised(self, epoch: int) -> None:
        """The intake is in this epoch: announce it to every session that doesn't know."""
        ...

    def handle_request(self, connection: ServerConnection, request: RequestReceived) -> None:
        """Call ``reply`` of the connection, now or later."""
        ...

    def closed(self, connection: ServerConnection) -> None:
        """It is gone; nothing follows."""
        ...
