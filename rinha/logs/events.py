"""What log events mean, in words: a sentence for each, with the event's own fields in it.

``docs/tracing.md`` has the same table for people who read logs; a test compares both with the code.
"""

from __future__ import annotations

from typing import Any

SENTENCES = {
    "actor.crashed": "Actor {actor} failed on a message and goes on: {letter}.",
    "actor.dead_letter": "A message to actor {actor} could not be delivered: {letter}.",
    "actor.intensity_exceeded": "Actors crashed {crashes} times in {within_s} s; the worker ends and is started again.",
    "actor.promise_lost": "A message that carried a promise was lost, which is a bug: {reason}.",
    "actor.stop_timeout": "Actor {actor} did not stop in time.",
    "api.drain_cut_short": "{connections} connections were cut, because draining took too long.",
    "api.draining": "The API takes no more requests and has {drain_s} s to end.",
    "api.handler_failed": "The API failed on {path}, which is a bug.",
    "api.idle_closed": "{connections} idle connections were closed to make room: {limit} may be open.",
    "api.listening": "The API listens on {address}.",
    "api.malformed_http": "A client sent no valid HTTP: {reason}.",
    "api.stopped": "The API has stopped; nothing waits.",
    "api.unacknowledged": "The API has stopped with {count} payments that the worker has not acknowledged.",
    "api.worker_failed": "The worker failed on a question: {reason}.",
    "backlog.drained": "The backlog drained in {took_s} s: {payments} payments.",
    "bridge.accept_failed": "The worker could not accept a connection: {error}.",
    "bridge.connect_failed": "No connection to the worker at {address}: {error}.",
    "bridge.connection_broke": "The connection of API {api} broke: {error}.",
    "bridge.connection_cut": "A connection was cut: {reason}.",
    "bridge.connection_failed": "The connection of API {api} failed, which is a bug.",
    "bridge.listening": "The worker listens for APIs on {address}.",
    "bridge.no_secret": "The API can't read the bridge's secret: {error}.",
    "bridge.other_journal": "The worker has another journal than before: it was {known}, now it is {now}.",
    "bridge.peer_refused": "A peer was not let in, or broke the protocol: {error}.",
    "bridge.protocol_error": "The worker broke the protocol: {error}.",
    "bridge.refused": "The worker does not let this API in: {error}.",
    "bridge.request_failed": "The worker failed on a question of API {api}.",
    "bridge.sent_before_forgotten": "The new worker could not be told of {ids} ids that were sent before.",
    "bridge.session_closed": "The session of API {api} has ended.",
    "bridge.session_lost": "The session with the worker is lost; the API connects again.",
    "bridge.session_opened": "A session between API and worker is open.",
    "bridge.strangers_not_logged": "{count} more connections of strangers were refused or cut.",
    "bridge.unknown_message": "The bridge got a message that it does not know, which is a bug: {type}.",
    "bridge.worker_restarted": "The worker was started again: {books_in_words}, {settled_forgotten} settled forgotten.",
    "bridge.wrong_acknowledgement": "The worker acknowledged twice after a crash; API {api} connects anew.",
    "health.board_away": "The health of {processor}, which workers share, can't be read or told: {reason}.",
    "health.circuit": "Processor {processor} is {healthy_in_words}: {why}.",
    "health.turned_away": "Processor {processor} turns the system away: {reason}.",
    "instrument.failed": "An instrument failed and was taken out: {instrument}.",
    "intake.purged": "All payments were purged; epoch {epoch} has begun.",
    "intake.sent_before_forgotten": "{ids} ids that APIs sent to a worker before were too many to remember.",
    "journal.broken": "The journal can't be trusted any more; the worker ends: {reason}.",
    "journal.silent": "The journal has not answered for {looks} looks of {look_s} s; {waiting} facts wait.",
    "journal.unavailable": "The journal can't be written: {reason}. It is tried again after {retry_s} s.",
    "log.lines_dropped": "{lines} log lines were dropped, because nobody read them.",
    "nats.away": "NATS at {servers} can't be reached: {reason}. It is tried again.",
    "nats.connected": "The connection to NATS at {servers} is there.",
    "nats.disconnected": "The connection to NATS at {servers} is lost; it connects again.",
    "nats.failed": "NATS at {servers}: {reason}.",
    "nats.no_word": "Whether the stream has {payments} payments of shard {shard} is unknown: {reason}.",
    "nats.stream_away": "The stream of payments at {servers} can't be had: {reason}. It is tried again.",
    "nats.stream_refused": "The stream of payments at {servers} can't be used: {reason}.",
    "payment.amount_differs": "{correlationId}: {processor} has it with {theirs_cents} cents, taken were {ours_cents}.",
    "payment.closed": "{correlationId} was closed by {by}: {reason}.",
    "payment.found": "{correlationId} was found at {processor}, {after_s} s after its outcome became unknown.",
    "payment.lines_left_out": "{payments} more lines of {of} were left out.",
    "payment.outcome_unknown": "The outcome of {correlationId} stays unknown: {reason}.",
    "payment.parked": "{correlationId} is parked and waits for a person: {reason}.",
    "payment.unknown": "The outcome of {correlationId} at {processor} is unknown: {reason}.",
    "process.bind_failed": "It can't listen on {address}: {reason}.",
    "process.failed": "The process failed.",
    "process.slice_refused": "The system won't have time slices of {slice_ms} ms: {reason}. It goes on with its own.",
    "processor.name_found": "The name {host} has addresses again.",
    "processor.name_not_found": "The name {host} has no address: {reason}.",
    "relay.consumer_gone": "The stream's consumer of shard {shard} is gone; the relay ends.",
    "relay.consumer_stalled": "The stream holds payments of shard {shard} and delivers none; the relay ends.",
    "relay.delivered_again": "Message {sequence} with {payments} payments was delivered again.",
    "relay.failed": "The relay ends, and is started again: {reason}.",
    "relay.not_acknowledged": "Message {sequence} may not be acknowledged, and is once more: {reason}.",
    "relay.payment_refused": "{correlationId} of the stream was not taken by the worker: {verdict}.",
    "relay.purge_failed": "The purge of message {sequence} failed: {reason}. It is tried again.",
    "relay.put_aside": "Message {sequence} of {subject} waits for a person at {aside}: {reason}.",
    "relay.refused": "The relay does not work: {reason}.",
    "relay.started": "The relay carries the payments of shard {shard} of {shards}.",
    "routing.switched": "Payments go to {to} instead of {from}: {why}.",
    "simulator.listening": "The simulated processor {processor} listens on port {port}.",
    "store.brought_forward": "The journal was brought forward to version {to}.",
    "store.checkpoint_failed": "The journal's log could not be moved into its file: {error}.",
    "store.close_timeout": "The journal did not close within {timeout_s} s.",
    "store.new_journal": "A new journal was made at {path}.",
    "store.server_does_not_sync": "PostgreSQL does not sync ({setting} is off): what is durable there may be lost.",
    "store.worker_silent": "The worker of shard {shard} is silent; its connection to the journal is ended.",
    "up.child_died": "{child} ended with exit code {exit_code} and is started again in {restart_in_s} s.",
    "up.child_failed": "{child} ended with exit code {exit_code} when the system stopped.",
    "up.child_killed": "{child} did not end within {timeout_s} s and was killed.",
    "up.child_not_started": "{child} could not be started: {error}.",
    "up.child_refused": "{child} refuses to run (exit code {exit_code}).",
    "up.child_started": "{child} was started.",
    "up.runtime_file_not_written": "{path} could not be written: commands will not find this system.",
    "up.start_is_slow": "The start takes long.",
    "worker.drain_failed": "The worker could not drain: {reason}.",
    "worker.draining": "The worker takes no more payments and has {drain_s} s to settle those that it holds.",
    "worker.journal": "The worker's journal is {journal}, in epoch {epoch}.",
    "worker.memory_free": "{used_mb} of {limit_mb} MB are used: payments are taken again.",
    "worker.memory_full": "{used_mb} of {limit_mb} MB are used: no payment is taken until there is room.",
    "worker.memory_high": "{used_mb} of {limit_mb} MB are used; at 95 % no payment is taken: give it more, or purge.",
    "worker.other_journal": "The worker serves nobody: {reason}.",
    "worker.processor_unreachable": "Nobody answers at {url}, where processor {processor} should be: {reason}.",
    "worker.standing_by": "The worker stands by, to take over when it can: {reason}.",
    "worker.start_failed": "The worker can't start: {reason}.",
    "worker.started": "The worker has started; its books: {books}; held: {held}.",
    "worker.stopped": "The worker has stopped; {waiting} payments wait.",
    "worker.store_unavailable": "The worker can't read its journal now: {reason}.",
}


def describe_event(event: str, fields: dict[str, Any]) -> str:
    """Say what has happened.

    Args:
        event: its name.
        fields: its own.

    Returns:
        A sentence; for an event that isn't known, its name and fields.
    """
    sentence = SENTENCES.get(event)
    if sentence is None:
        said = ", ".join(f"{name}: {value}" for name, value in fields.items() if name != "exception")
        return f"{event}: {said}." if said else f"{event}."
    return sentence.format_map(_Said(fields)).replace("..", ".")


class _Said(dict[str, Any]):
    """Fields by name, and what is made of them."""

    def __missing__(self, name: str) -> str:
        match name:
            case "healthy_in_words":
                return "well again" if self.get("healthy") else "failing"
            case "books_in_words":
                journal, books = self.get("journal"), self.get("books")
                return f"books {f'hold {books} settled' if books else 'empty'}: {journal}"
            case "letter" | "api":
                return "unknown"
            case _:
                return "not said"
