"""A relay between a real stream and a bridge's server."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING

import pytest
from nats.errors import Error as NatsError

from actors.facts import FeedMark
from actors.messages.people import PurgeFailed, PurgePayments
from actors.values import Payment, Verdict
from rinha.jetstream.batch import PurgeOrder, encode_payments, encode_purge
from rinha.jetstream.names import ASIDE, STREAM, consumer, shard_of, subject
from rinha.jetstream.stream import note_journal
from tests.jetstream.relay.conftest import JOURNAL, SHARDS, until
from tests.support.patience import PATIENCE_S
from tests.support.processes import running

if TYPE_CHECKING:
    from nats.aio.client import Client

    from rinha.jetstream.stream import OpenStream
    from tests.bridge.worker_thread import Worker
    from tests.jetstream.relay.conftest import Questions
    from tests.support.nats import NatsServer
    from tests.support.processes import Process


def payments(shard: int = 0, number: int = 3, begin: int = 1) -> list[Payment]:
    """Of one shard."""
    found: list[Payment] = []
    while len(found) < number:
        each = Payment(begin.to_bytes(16, "big"), 100 + begin)
        begin += 1
        if shard_of(each.payment_id, SHARDS) == shard:
            found.append(each)
    return found


async def publish(stream: OpenStream, data: bytes, to: str = subject(0)) -> int:
    return int((await stream.context.publish(to, data)).seq)


async def until_empty(stream: OpenStream, messages: int = 0) -> None:
    until_s = time.monotonic() + PATIENCE_S
    while True:
        with contextlib.suppress(NatsError):  # it may be on its way back
            if (await stream.context.stream_info(STREAM)).state.messages == messages:
                return
        assert time.monotonic() < until_s
        await asyncio.sleep(0.02)


async def test_what_the_stream_holds_goes_to_the_worker_and_is_acknowledged(
    stream: OpenStream, worker: Worker, relay: Process
) -> None:
    sent = payments(number=40)
    for first in range(0, 40, 4):
        await publish(stream, encode_payments(sent[first : first + 4]))
    await until(lambda: len(worker.intake.taken) == 40)
    assert worker.intake.taken == sent
    await until_empty(stream)


async def test_what_has_no_verdict_is_not_acknowledged_and_not_delivered_again_meanwhile(
    stream: OpenStream, worker: Worker, relay: Process
) -> None:
    worker.intake.holding = True
    await publish(stream, encode_payments(payments()))
    await until(lambda: worker.intake.submitted)
    await asyncio.sleep(6.0)  # longer than the consumer waits for an acknowledgement
    info = await stream.context.consumer_info(STREAM, consumer(0))
    assert (info.num_ack_pending, info.num_redelivered) == (1, 0)
    worker.call(worker.intake.release)
    await until_empty(stream)
    assert worker.intake.taken == payments()


async def test_it_pulls_no_more_than_the_worker_has_credit_for(
    stream: OpenStream, worker: Worker, relay: Process
) -> None:
    worker.intake.holding = True
    sent = payments(number=3000)
    for first in range(0, 3000, 500):
        await publish(stream, encode_payments(sent[first : first + 500]))
    await until(lambda: sum(len(each.payments) for each in worker.intake.submitted) == 2000)
    info = await stream.context.consumer_info(STREAM, consumer(0))
    assert info.num_ack_pending == 4
    assert info.num_pending == 2
    worker.call(worker.intake.release)
    await until(lambda: len(worker.intake.taken) == 3000)
    await until_empty(stream)


async def test_when_the_session_ends_it_gives_back_what_it_has_and_ends(
    stream: OpenStream, worker: Worker, relay: Process
) -> None:
    worker.intake.holding = True
    await publish(stream, encode_payments(payments()))
    await until(lambda: worker.intake.submitted)
    worker.call(worker.server.stop)
    assert await asyncio.to_thread(relay.wait) == 1
    # Given back, it is there at once for the next one, not after the 5 s that the consumer waits.
    began_s = time.monotonic()
    subscription = await stream.context.pull_subscribe(subject(0), consumer(0), STREAM)
    assert await subscription.fetch(1, timeout=PATIENCE_S)
    assert time.monotonic() - began_s < 4


async def test_stopped_it_waits_for_the_verdicts_on_what_the_worker_has(
    stream: OpenStream, worker: Worker, relay: Process
) -> None:
    worker.intake.holding = True
    await publish(stream, encode_payments(payments()))
    await until(lambda: worker.intake.submitted)
    relay.send(15)
    await asyncio.sleep(0.3)
    assert relay.exit_code is None
    worker.call(worker.intake.release)
    assert await asyncio.to_thread(relay.wait) == 0
    await until_empty(stream)


async def test_it_stands_by_until_there_is_a_worker_and_ends_when_told(relay: Process) -> None:
    await asyncio.to_thread(relay.until_logged, "bridge.connect_failed")
    assert await asyncio.to_thread(relay.stop) == 0


async def test_it_goes_on_when_the_server_is_back(
    server: NatsServer, stream: OpenStream, client: Client, worker: Worker, relay: Process
) -> None:
    first, second = payments(number=1), payments(number=1, begin=100)
    await publish(stream, encode_payments(first))
    await until(lambda: worker.intake.taken == first)
    server.kill()
    server.start()
    await until(lambda: client.stats["reconnects"] and client.is_connected)
    await publish(stream, encode_payments(second))
    await until(lambda: worker.intake.taken == first + second)
    await until_empty(stream)


async def test_what_got_its_verdict_while_the_server_was_away_is_acknowledged_when_it_is_back(
    server: NatsServer, stream: OpenStream, worker: Worker, relay: Process
) -> None:
    worker.intake.holding = True
    await publish(stream, encode_payments(payments()))
    await until(lambda: worker.intake.submitted)
    server.kill()
    worker.call(worker.intake.release)
    server.start()
    await until_empty(stream)
    assert worker.intake.taken == payments()


async def test_a_payment_that_the_worker_refuses_is_told_and_acknowledged(
    stream: OpenStream, worker: Worker, relay: Process
) -> None:
    refused = payments(number=1)[0]
    worker.intake.verdicts[refused.payment_id] = Verdict.CONFLICT
    await publish(stream, encode_payments([refused]))
    line = await asyncio.to_thread(relay.until_logged, "relay.payment_refused")
    assert line["verdict"] == "conflict"
    await until_empty(stream)


async def test_what_it_cannot_take_is_left_in_the_stream_and_holds_up_nothing(
    stream: OpenStream, worker: Worker, relay: Process
) -> None:
    for number in range(70):  # more than may wait for acknowledgements
        await publish(stream, b"\x01\x09" if number % 2 else encode_payments(payments(shard=1)))
    await publish(stream, encode_payments(payments()))
    await until(lambda: worker.intake.taken == payments())
    await until_empty(stream, messages=70)
    info = await stream.context.stream_info(STREAM, subjects_filter=ASIDE)
    assert info.state.subjects == {ASIDE: 70}
    line = await asyncio.to_thread(relay.until_logged, "relay.put_aside")
    assert "another shard than 0 of 2" in line["reason"]


async def test_a_purge_is_carried_out_in_its_place_and_answered(
    stream: OpenStream, client: Client, worker: Worker, relay: Process
) -> None:
    purges: list[object] = []

    def purge(message: PurgePayments) -> None:
        purges.append((message.mark, list(worker.intake.taken)))
        worker.intake.purge(message)

    worker.intake.purging = purge
    done = await client.subscribe("done")
    before, after = payments(number=2), payments(number=2, begin=50)
    await publish(stream, encode_payments(before))
    place = await publish(stream, encode_purge(PurgeOrder(bytes(16), "done")))
    await publish(stream, encode_payments(after))
    assert (await done.next_msg(timeout=PATIENCE_S)).data == b"0 1"
    assert purges == [(FeedMark(stream.created, place), before)]
    await until(lambda: worker.intake.taken == before + after)
    await until_empty(stream)


async def test_a_purge_that_fails_is_tried_again(
    stream: OpenStream, client: Client, worker: Worker, relay: Process
) -> None:
    def fail_once(message: PurgePayments) -> None:
        worker.intake.purging = worker.intake.purge
        message.reply_to.tell(PurgeFailed("the journal is away"))

    worker.intake.purging = fail_once
    done = await client.subscribe("done")
    await publish(stream, encode_purge(PurgeOrder(bytes(16), "done")))
    assert (await done.next_msg(timeout=PATIENCE_S)).data == b"0 1"
    assert relay.logged("relay.purge_failed")
    await until_empty(stream)


async def test_a_worker_with_another_journal_is_refused(stream: OpenStream, worker: Worker, relay: Process) -> None:
    await asyncio.to_thread(relay.until_logged, "relay.started")
    await asyncio.to_thread(relay.stop)
    with pytest.raises(Exception, match="belongs to the journal"):
        await note_journal(stream.context, 0, bytes(16))
    await note_journal(stream.context, 0, JOURNAL)


async def test_a_relay_that_is_told_of_another_number_of_shards_than_its_worker_refuses(
    environ: dict[str, str], stream: OpenStream, worker: Worker, questions: Questions
) -> None:
    questions.feed = questions.feed._replace(shards=5)
    with running("relay", environ=environ) as relay:
        assert await asyncio.to_thread(relay.wait) == 2
    assert "one of 5 shards" in relay.logged("relay.refused")[0]["reason"]


async def test_without_its_consumer_it_ends_and_does_not_ask_in_a_loop(
    stream: OpenStream, worker: Worker, relay: Process
) -> None:
    await asyncio.to_thread(relay.until_logged, "relay.started")
    await stream.context.delete_stream(STREAM)
    assert await asyncio.to_thread(relay.wait) == 1
    assert relay.logged("relay.consumer_gone")
