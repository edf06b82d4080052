"""An empty journal in the place of another is noticed by whoever has been there before."""

from __future__ import annotations

import pytest

from rinha.bridge.errors import HandshakeRefused
from rinha.bridge.protocol.api.api_end import ApiEnd
from rinha.bridge.protocol.wire.handshake import RefusalCode
from rinha.bridge.protocol.worker.journals import NO_JOURNAL, Journals
from rinha.bridge.protocol.worker.worker_end import WorkerEnd

A, B = b"a" * 16, b"b" * 16


@pytest.mark.parametrize(
    ("own", "known", "served"),
    [
        (A, NO_JOURNAL, True),
        (A, A, True),
        (NO_JOURNAL, NO_JOURNAL, True),
        (A, B, False),
        (NO_JOURNAL, B, False),
    ],
)
def test_who_knows_no_journal_or_the_same_is_served(own: bytes, known: bytes, served: bool) -> None:
    assert (Journals(own).meet("api-1", known) == "") is served
    assert Journals(own, accepted=True).meet("api-1", known) == "", "a person has said so"


def test_once_an_api_knows_another_one_nobody_is_served() -> None:
    journals, faults = Journals(A), list[str]()
    journals.on_fault = faults.append
    assert journals.meet("api-1", NO_JOURNAL) == ""
    fault = journals.meet("api-2", B)
    assert "RINHA_JOURNAL_ID=61616161-6161-6161-6161-616161616161" in fault
    assert "the API api-2 knows the journal 62626262-" in fault
    assert journals.meet("api-1", A) == journals.meet("api-3", NO_JOURNAL) == fault
    assert faults == [fault]


def meet(api: ApiEnd, own: bytes, *, incarnation: int) -> bytes:
    """Connect to a worker with a journal; returns what its API said it knew."""
    worker = WorkerEnd(b"", nonce=bytes(16))
    api.connection_made(b"")
    list(api.receive(worker.data_to_send()))
    (hello,) = worker.receive(api.data_to_send())
    known: bytes = hello.journal  # type: ignore[union-attr]  # the first event is the hello
    if fault := Journals(own).meet("api", known):
        worker.refuse(RefusalCode.JOURNAL, fault)
    else:
        worker.welcome(incarnation, 0, own)
    list(api.receive(worker.data_to_send()))
    return known


def test_an_api_remembers_the_journal_over_connections_and_workers() -> None:
    api = ApiEnd(api_id=bytes(16), name="api")
    assert meet(api, A, incarnation=1) == NO_JOURNAL
    assert meet(api, A, incarnation=2) == A
    with pytest.raises(HandshakeRefused, match="knows the journal 61616161-"):
        meet(api, B, incarnation=3)
    assert meet(api, A, incarnation=4) == A
