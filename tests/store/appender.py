"""A process that appends without end and says on stdout what is on disk: ``appender.py url first-number``."""

from __future__ import annotations

import itertools
import sys

from actors.facts import AttemptStarted, JournalEntry, PaymentSettled, PaymentTaken
from rinha.store.open import open_store
from rinha.store.url import parse_store_url


def payment_id(number: int) -> bytes:
    return number.to_bytes(16)


def main(url: str, first: str) -> None:
    """Takes a run of payments, tries them, and settles all but each tenth; appends differ in size."""
    store = open_store(parse_store_url(url))
    number = int(first)
    for turn in itertools.count():
        run = range(number, number + 1 + turn * 7 % 40)
        number = run.stop
        taken: list[JournalEntry] = [PaymentTaken(payment_id(each), each + 1, 0) for each in run]
        store.append(taken)
        print("taken", run.start, run.stop, flush=True)
        store.append([AttemptStarted(payment_id(each), "default", each + 2, 0) for each in run])
        print("tried", run.start, run.stop, flush=True)
        store.append([PaymentSettled(payment_id(each), "default", each + 1, each + 2, 0) for each in run if each % 10])
        print("settled", run.start, run.stop, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
