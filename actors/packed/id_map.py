"""A map from payment ids to small numbers, in some 22 bytes each.

A dict of a million ids costs over 100 MB, and its growth stalls the process for as long as it takes to move them all.
This is linear hashing: a bucket is a byte string of records, found by the hash of their ids, and searched by
``bytes.find``. Whenever there are too many records on average, one bucket is split in two, always the next in turn. So
no entry costs more than a few dozen others, and no room is kept empty.
"""

from __future__ import annotations

from itertools import islice
from struct import Struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

ID_BYTES = 16
RECORDS_PER_BUCKET = 48
"""On average. More save memory (each bucket costs some 60 bytes), fewer are searched faster."""

SEARCHED_MAX = 20_000
"""Buckets searched for the beginning of an id: a million ids, and some milliseconds."""

_RECORD = Struct("<16sI")
_NUMBER = Struct("<I")
RECORD_BYTES = _RECORD.size


class IdMap:
    """Maps ids of 16 bytes to numbers from 0 to 2**32 - 1. Nothing is ever taken out.

    Args:
        records_per_bucket: records in a bucket on average.
    """

    def __init__(self, records_per_bucket: int = RECORDS_PER_BUCKET) -> None:
        self._records_per_bucket = records_per_bucket
        self._buckets = [b""]
        self._half = 1
        """A power of two: buckets from this one on were split off from those before it."""
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def get(self, payment_id: bytes) -> int:
        """The number of an id, -1 if it isn't here."""
        # Python seeds the hash anew for each process, so nobody can choose ids that crowd one bucket.
        records = self._buckets[self._bucket(hash(payment_id))]
        at = records.find(payment_id)
        while at % RECORD_BYTES:
            if at < 0:
                return -1
            at = records.find(payment_id, at + 1)  # that was no id, but the end of one record and the start of another
        number: int = _RECORD.unpack_from(records, at)[1]
        return number

    def id_of(self, number: int, bucket_hash: int) -> bytes:
        """The id that has a number, if no other has it.

        Args:
            number: the number.
            bucket_hash: what ``bucket_hash`` says of the id.

        Raises:
            KeyError: none has it.
        """
        records, wanted = self._buckets[self._bucket(bucket_hash)], _NUMBER.pack(number)
        at = records.find(wanted)
        while at % RECORD_BYTES != ID_BYTES:
            if at < 0:
                raise KeyError(number)
            at = records.find(wanted, at + 1)
        return records[at - ID_BYTES : at]

    def add(self, payment_id: bytes, number: int) -> None:
        """Add an id that isn't here, which the caller has made sure of.

        Raises:
            ValueError: an id has 16 bytes; nothing has happened.
            struct.error: the number is out of range; nothing has happened.
        """
        if len(payment_id) != ID_BYTES:
            raise ValueError(f"an id has {ID_BYTES} bytes, not {len(payment_id)}")
        self._buckets[self._bucket(hash(payment_id))] += _RECORD.pack(payment_id, number)
        self._length += 1
        if self._length > self._records_per_bucket * len(self._buckets):
            self._split_next()

    def __contains__(self, payment_id: bytes) -> bool:
        return self.get(payment_id) >= 0

    def replace(self, payment_id: bytes, number: int) -> None:
        """Give an id, which is here, another number.

        Raises:
            KeyError: it isn't here.
            struct.error: the number is out of range; nothing has happened.
        """
        bucket = self._bucket(hash(payment_id))
        records = self._buckets[bucket]
        at = records.find(payment_id)
        while at % RECORD_BYTES:
            if at < 0:
                raise KeyError(payment_id)
            at = records.find(payment_id, at + 1)
        self._buckets[bucket] = records[:at] + _RECORD.pack(payment_id, number) + records[at + RECORD_BYTES :]

    def starting_with(self, digits: str, limit: int) -> list[bytes]:
        """Ids that begin with some hexadecimal digits, in no order.

        Args:
            digits: at least two of them, in lower case.
            limit: no more than so many are looked for; nor beyond ``SEARCHED_MAX`` buckets.

        Raises:
            ValueError: there is something else among the digits.
        """
        start = bytes.fromhex(digits[: len(digits) // 2 * 2])
        found: list[bytes] = []
        for records in islice(self._buckets, SEARCHED_MAX):
            at = records.find(start)
            while at >= 0:
                payment_id = records[at : at + ID_BYTES]
                if at % RECORD_BYTES == 0 and payment_id.hex().startswith(digits):
                    found.append(payment_id)
                    if len(found) == limit:
                        return found
                at = records.find(start, at + 1)
        return found

    def with_numbers(self, numbers: Sequence[int]) -> IdMap:
        """Another map with the same ids: one with the number n here has the number ``numbers[n]`` there.

        Raises:
            struct.error: a number is out of range.
        """
        other = IdMap(self._records_per_bucket)
        other._half, other._length = self._half, self._length
        other._buckets = [
            b"".join([_RECORD.pack(each, numbers[number]) for each, number in _RECORD.iter_unpack(records)])
            for records in self._buckets
        ]
        return other

    def _bucket(self, bucket_hash: int) -> int:
        bucket = bucket_hash & (2 * self._half - 1)
        return bucket if bucket < len(self._buckets) else bucket - self._half

    def _split_next(self) -> None:
        source = len(self._buckets) - self._half
        stay: list[bytes] = []
        move: list[bytes] = []
        for payment_id, number in _RECORD.iter_unpack(self._buckets[source]):
            (move if hash(payment_id) & self._half else stay).append(_RECORD.pack(payment_id, number))
        self._buckets[source] = b"".join(stay)
        self._buckets.append(b"".join(move))
        if len(self._buckets) == 2 * self._half:
            self._half *= 2


def bucket_hash(payment_id: bytes) -> int:
    """32 bits of an id that tell where to look for it, in this process."""
    return hash(payment_id) & 0xFFFF_FFFF
