"""The API's half of the bridge's measurement, a process of its own: submits as fast as its credit allows.

``python -m tests.bench.micro.api_side SOCKET PAYMENTS`` prints the CPU seconds that it took once the session was open.
"""

from __future__ import annotations

import os
import socket
import sys
import time

from actors.values import Payment
from rinha.bridge.protocol.api.api_end import ApiEnd

READ_BYTES = 65_536
PAYMENTS_PER_WRITE = 64
"""As many as some milliseconds of a busy API bring: it writes once per turn of its loop."""


def submit_all(path: str, payments: list[Payment]) -> float:
    """Connect, submit, and wait until the worker has acknowledged all of them.

    Returns:
        CPU seconds from the opening of the session.
    """
    session = ApiEnd(api_id=os.urandom(16), name="bench")
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(path)
        session.connection_made(b"")
        while not session.is_open:
            _read(sock, session)
        begun_s = time.process_time()
        submitted = 0
        while submitted < len(payments):
            room = min(session.credit, PAYMENTS_PER_WRITE)
            if room:
                for payment in payments[submitted : submitted + room]:
                    session.submit(payment)
                submitted += room
                sock.sendall(session.data_to_send())
            else:
                _read(sock, session)
        while len(session):
            _read(sock, session)
        return time.process_time() - begun_s


def _read(sock: socket.socket, session: ApiEnd) -> None:
    data = sock.recv(READ_BYTES)
    if not data:
        raise ConnectionError("the worker hung up")
    for _event in session.receive(data):
        pass
    if data := session.data_to_send():
        sock.sendall(data)


def main() -> None:
    """Run the command."""
    path, count = sys.argv[1], int(sys.argv[2])
    noise = os.urandom(16 * count)
    print(submit_all(path, [Payment(noise[16 * n : 16 * n + 16], 1990) for n in range(count)]))


if __name__ == "__main__":
    main()
