"""The SQL of a journal in SQLite.

Open payments stand apart from settled ones, so that taking a payment, whose client waits, writes to the few pages of a
small table; the index over all ids, which spreads over the whole file, is read then and written only by a settlement.
Both tables number their rows upwards, so the rows of an earlier epoch are always those with the lowest numbers. How the
tables are made is in ``versions``.

``settled_sums`` holds what was settled at a processor in a span of ``span_ms``, a second or a minute; ``number`` is the
span's: ``requestedAt`` through ``span_ms``, rounded down. The sum is ``cents`` and 2^32 times ``cents_high``: sums of
any amounts fit, and where no amount has 2^32 cents, ``cents`` is all of it.
"""

from __future__ import annotations

JOURNAL = "SELECT epoch, journal_id FROM journal"
FEED_MARK = "SELECT stream_created, purged_through FROM feed"
NOTE_MARK = "INSERT OR REPLACE INTO feed (place, stream_created, purged_through) VALUES (1, ?, ?)"
RAISE_EPOCH = "UPDATE journal SET epoch = ?1, pruned_before_ms = NULL"

# One statement for all entries of a kind, however many: after each step of a statement the thread has to wait its turn
# for the interpreter, up to 5 ms beside a busy hub. ?1 is the ids, one after the other; ?2 the other values, as JSON.
TAKE = """
INSERT INTO open_payments (epoch, payment_id, amount_cents)
SELECT ?3, substr(?1, 16 * new.key + 1, 16), new.value
FROM json_each(?2) AS new
WHERE NOT EXISTS (
    SELECT 1 FROM settled_payments WHERE epoch = ?3 AND payment_id = substr(?1, 16 * new.key + 1, 16)
) AND NOT EXISTS (
    SELECT 1 FROM closed_payments
    WHERE epoch = ?3 AND payment_id = substr(?1, 16 * new.key + 1, 16) AND written_off
)
ORDER BY new.key
ON CONFLICT (epoch, payment_id) DO NOTHING
"""
# Of the ids of TAKE: asked before anything else is written.
KNOWN = """
WITH RECURSIVE new (place) AS (SELECT 0 UNION ALL SELECT place + 1 FROM new WHERE place + 1 < ?2)
SELECT substr(?1, 16 * place + 1, 16), coalesce(settled.taken_cents, closed.taken_cents), settled.taken_cents IS NULL
FROM new
LEFT JOIN settled_payments AS settled
ON settled.epoch = ?3 AND settled.payment_id = substr(?1, 16 * place + 1, 16)
LEFT JOIN closed_payments AS closed
ON closed.epoch = ?3 AND closed.payment_id = substr(?1, 16 * place + 1, 16) AND closed.written_off
WHERE settled.taken_cents IS NOT NULL OR closed.taken_cents IS NOT NULL
ORDER BY place
"""
# Not "UPDATE ... FROM": for that SQLite reads all open payments. Nothing is inserted: the payments joined are there.
ATTEMPT = """
INSERT INTO open_payments (epoch, payment_id, amount_cents, processor, requested_at_ms)
SELECT ?3, payment.payment_id, payment.amount_cents, new.value ->> 0, new.value ->> 1
FROM json_each(?2) AS new CROSS JOIN open_payments AS payment
ON payment.epoch = ?3 AND payment.payment_id = substr(?1, 16 * new.key + 1, 16)
WHERE true
ON CONFLICT (epoch, payment_id) DO UPDATE
SET processor = excluded.processor, requested_at_ms = excluded.requested_at_ms
"""
CRASH = """
INSERT INTO open_payments (epoch, payment_id, amount_cents, crashes)
SELECT ?3, payment.payment_id, payment.amount_cents, new.value ->> 0
FROM json_each(?2) AS new CROSS JOIN open_payments AS payment
ON payment.epoch = ?3 AND payment.payment_id = substr(?1, 16 * new.key + 1, 16)
WHERE true
ON CONFLICT (epoch, payment_id) DO UPDATE SET crashes = excluded.crashes
"""
SETTLE = """
INSERT INTO settled_payments (epoch, payment_id, taken_cents, processor, settled_cents, requested_at_ms)
SELECT ?3, substr(?1, 16 * new.key + 1, 16), coalesce(payment.amount_cents, new.value ->> 1),
       new.value ->> 0, new.value ->> 1, new.value ->> 2
FROM json_each(?2) AS new LEFT JOIN open_payments AS payment
ON payment.epoch = ?3 AND payment.payment_id = substr(?1, 16 * new.key + 1, 16)
ORDER BY new.key
ON CONFLICT (epoch, payment_id) DO NOTHING
"""
# Of the ?1 rows that SETTLE has just added: they are the last ones.
ADD_SUMS = """
INSERT INTO settled_sums
SELECT ?2, column1, requested_at_ms / column1 - (requested_at_ms % column1 < 0) AS number, processor,
       count(*), sum(settled_cents & 0xFFFFFFFF), sum(settled_cents >> 32)
FROM settled_payments CROSS JOIN (VALUES (1000), (60000))
WHERE settled_order > (SELECT max(settled_order) FROM settled_payments) - ?1
GROUP BY column1, number, processor
ON CONFLICT DO UPDATE SET payments = payments + excluded.payments,
    cents = cents + excluded.cents, cents_high = cents_high + excluded.cents_high
"""
CLOSE = """
DELETE FROM open_payments WHERE epoch = ?3
AND payment_id IN (SELECT substr(?1, 16 * key + 1, 16) FROM json_each(?2))
"""
NOTE_CLOSED = """
INSERT INTO closed_payments (epoch, payment_id, taken_cents, written_off, closed_by, reason, closed_at_ms)
SELECT ?3, substr(?1, 16 * new.key + 1, 16),
       new.value ->> 0, new.value ->> 1, new.value ->> 2, new.value ->> 3, new.value ->> 4
FROM json_each(?2) AS new
WHERE true
ORDER BY new.key
ON CONFLICT (epoch, payment_id) DO NOTHING
"""
WRITE_OFF = """
DELETE FROM open_payments WHERE epoch = ?3
AND payment_id IN (SELECT substr(?1, 16 * key + 1, 16) FROM json_each(?2) WHERE value ->> 1)
"""

PRUNE = (
    """
DELETE FROM settled_payments WHERE epoch < ?1
AND settled_order IN (SELECT settled_order FROM settled_payments ORDER BY settled_order LIMIT ?2)
""",
    """
DELETE FROM open_payments WHERE epoch < ?1
AND taken_order IN (SELECT taken_order FROM open_payments ORDER BY taken_order LIMIT ?2)
""",
    """
DELETE FROM closed_payments WHERE epoch < ?1
AND closed_order IN (SELECT closed_order FROM closed_payments ORDER BY closed_order LIMIT ?2)
""",
    """
DELETE FROM settled_sums WHERE (epoch, span_ms, number, processor) IN (
    SELECT epoch, span_ms, number, processor FROM settled_sums WHERE epoch < ?1
    ORDER BY epoch, span_ms, number, processor LIMIT ?2
)
""",
)

OPEN = """
SELECT payment_id, amount_cents, processor, requested_at_ms, crashes FROM open_payments
WHERE +epoch = ?1 ORDER BY taken_order
"""  # "+": else the index over ids would be taken, and all rows sorted.
WRITTEN_OFF = """
SELECT payment_id, taken_cents FROM closed_payments AS closed WHERE epoch = ?1 AND written_off
AND NOT EXISTS (SELECT 1 FROM settled_payments WHERE epoch = ?1 AND payment_id = closed.payment_id)
ORDER BY closed_order
"""
SETTLED_RANGE = """
SELECT (SELECT min(settled_order) FROM settled_payments), (SELECT max(settled_order) FROM settled_payments)
"""
SETTLED = """
SELECT payment_id, taken_cents, processor, settled_cents, requested_at_ms FROM settled_payments
WHERE settled_order >= ?2 AND settled_order < ?3 AND +epoch = ?1 ORDER BY settled_order
"""
SETTLED_FROM = """
SELECT settled_order FROM settled_payments WHERE epoch = ?1 AND requested_at_ms >= ?2 ORDER BY settled_order
"""
SETTLED_AT = """
SELECT payment_id, taken_cents, processor, settled_cents, requested_at_ms FROM settled_payments
WHERE settled_order IN (SELECT value FROM json_each(?1)) ORDER BY settled_order
"""
SUMS = """
SELECT processor, number, payments, cents, cents_high FROM settled_sums
WHERE epoch = ?1 AND span_ms = ?2 ORDER BY number, processor
"""

# For a history: ?1 is the epoch.
EPOCH = "SELECT epoch, pruned_before_ms FROM journal"
_TOTALS_OF_SECONDS = """
SELECT processor, payments, cents, cents_high FROM settled_sums
WHERE epoch = ? AND span_ms = 1000 AND number >= ? AND number < ?"""
_TOTALS_OF_ROWS = """
SELECT processor, 1, settled_cents & 0xFFFFFFFF, settled_cents >> 32 FROM settled_payments
WHERE epoch = ? AND requested_at_ms >= ? AND requested_at_ms < ?"""
_TOTALS = """
SELECT epoch, pruned_before_ms, (
    SELECT json_group_array(json_array(processor, payments, cents, cents_high)) FROM (
        SELECT processor, sum(payments) AS payments, sum(cents) AS cents, sum(cents_high) AS cents_high
        FROM (SELECT '' AS processor, 0 AS payments, 0 AS cents, 0 AS cents_high WHERE false UNION ALL {parts})
        GROUP BY processor
    )
) FROM journal
"""
ANY_IN_SECONDS = """
SELECT 1 FROM settled_sums WHERE epoch = ?1 AND span_ms = 1000 AND number >= ?2 AND number < ?3 LIMIT 1
"""
FIRST_SETTLED = "SELECT settled_order - 1 FROM settled_payments WHERE +epoch = ?1 ORDER BY settled_order LIMIT 1"
ROWS = """
SELECT settled_order, payment_id, processor, settled_cents, requested_at_ms FROM settled_payments
WHERE settled_order > ?1 ORDER BY settled_order LIMIT ?2 OFFSET ?3
"""
ROW = """
SELECT payment_id, processor, settled_cents, requested_at_ms FROM settled_payments
WHERE epoch = ?1 AND payment_id = ?2 AND EXISTS (SELECT 1 FROM journal WHERE epoch = ?1)
"""

# For people.
SUMS_BY_PROCESSOR = """
SELECT processor, sum(payments), sum(cents), sum(cents_high) FROM settled_sums
WHERE epoch = ?1 AND span_ms = ?2 GROUP BY processor ORDER BY processor
"""
COUNTS = """
SELECT
    (SELECT count(*) FROM settled_payments WHERE epoch = ?1),
    (SELECT min(requested_at_ms) FROM settled_payments WHERE epoch = ?1),
    (SELECT max(requested_at_ms) FROM settled_payments WHERE epoch = ?1),
    (SELECT count(*) FROM open_payments WHERE epoch = ?1),
    (
        SELECT count(*) FROM closed_payments AS closed WHERE epoch = ?1 AND written_off
        AND NOT EXISTS (SELECT 1 FROM settled_payments WHERE epoch = ?1 AND payment_id = closed.payment_id)
    )
"""

# To archive and remove rows: ?1 is the epoch, ?2 the instant that they are from before.
ROWS_BEFORE = """
SELECT settled_order, payment_id, taken_cents, processor, settled_cents, requested_at_ms FROM settled_payments
WHERE epoch = ?1 AND requested_at_ms < ?2
AND requested_at_ms >= ?3 AND (requested_at_ms > ?3 OR settled_order > ?4)
ORDER BY requested_at_ms, settled_order LIMIT ?5
"""
NOTE_PRUNED = "UPDATE journal SET pruned_before_ms = max(coalesce(pruned_before_ms, ?1), ?1)"
# What people said of a payment goes with its row: it would count as written off again without it.
REMOVE = (
    """
DELETE FROM closed_payments WHERE epoch = ?1 AND payment_id IN (
    SELECT payment_id FROM settled_payments WHERE epoch = ?1 AND requested_at_ms < ?2
    ORDER BY requested_at_ms, settled_order LIMIT ?3
)
""",
    """
DELETE FROM settled_payments WHERE settled_order IN (
    SELECT settled_order FROM settled_payments WHERE epoch = ?1 AND requested_at_ms < ?2
    ORDER BY requested_at_ms, settled_order LIMIT ?3
)
""",
)


def totals(seconds: int, rows: int) -> str:
    """The statement that sums some ranges; a single one, since a thread waits for the interpreter after each.

    Args:
        seconds: ranges of seconds; each has the epoch and its two ends as parameters.
        rows: the same of ranges of ms, behind those.

    Returns:
        It tells, in one row for the same reason, the journal's epoch, from when on rows are there, and as JSON a list
        of lists: a processor, payments, cents and ``cents_high``.
    """
    return _TOTALS.format(parts=" UNION ALL ".join([_TOTALS_OF_SECONDS] * seconds + [_TOTALS_OF_ROWS] * rows))
