"""The actor system over the real client of the processors, whose HTTP is in memory: what comes of each answer."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import orjson

from actors.messages.people import GetCounts, GetPayments, GetRows
from actors.messages.sessions import SessionOpened, SubmitPayments
from actors.plan import Plan
from actors.system import ActorSystem, Ports
from actors.values import Payment, ProcessorHealth
from rinha.processors.client import HttpProcessorClient
from rinha.processors.errors import AnswerLost
from rinha.processors.wire import HEALTH, Answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from actors.intake.dispatch.routing import Policy
    from actors.reports import PaymentReport, PaymentsPage, Statistics
    from actors.values import LedgerRow
    from tests.actors.fakes import World

FEES = {"default": 500, "fallback": 1500}
HEALTH_ANSWER = Answer(200, b'{"failing":false,"minResponseTime":0}')


class Front:
    """A processor and what stands before it (``rinha.processors.client.Exchange``). It is well unless a test says else.

    Attributes:
        rows: what the processor holds.
        posts: the amounts that were posted, in cents.
        answer_post: the answer to a post, given its body; None lets the processor answer, an exception is raised.
        answer_look_up: the same for a look-up, given the id.
    """

    def __init__(self) -> None:
        self.rows: dict[bytes, dict[str, object]] = {}
        self.posts: list[int] = []
        self.answer_post: Callable[[dict[str, object]], Answer | None] = lambda body: None
        self.answer_look_up: Callable[[bytes], Answer | None] = lambda payment_id: None

    def turn_away(self, status: int | None) -> None:
        """Answer everything but health with a status; None for an end of that."""
        answer = None if status is None else Answer(status, b"<html>")
        self.answer_post = lambda body: answer
        self.answer_look_up = lambda payment_id: answer

    def commit(self, body: dict[str, object]) -> Answer:
        payment_id = UUID(str(body["correlationId"])).bytes
        if payment_id in self.rows:
            return Answer(422, b"{}")
        self.rows[payment_id] = body
        return Answer(200, b"{}")

    def commit_and_say(self, body: dict[str, object], answer: Answer) -> Answer:
        self.commit(body)
        return answer

    def commit_and_lose(self, body: dict[str, object]) -> Answer:
        self.commit(body)
        raise AnswerLost("cut off")

    def request(self, method: str, target: str, body: bytes = b"", *, deadline_s: float) -> Answer:
        if target == HEALTH:
            return HEALTH_ANSWER
        if method == "POST":
            fields = orjson.loads(body)
            self.posts.append(round(fields["amount"] * 100))
            return self.answer_post(fields) or self.commit(fields)
        payment_id = UUID(target.rpartition("/")[2]).bytes
        row = self.rows.get(payment_id)
        return self.answer_look_up(payment_id) or (Answer(404, b"") if row is None else Answer(200, orjson.dumps(row)))

    def close(self) -> None:
        pass


class FrontBench:
    """A worker without a journal, and two fronts."""

    def __init__(self, world: World, policy: Policy) -> None:
        self.world = world
        self.default, self.fallback = Front(), Front()
        fronts = {"default": self.default, "fallback": self.fallback}
        clients = {
            name: HttpProcessorClient(each, each, deadline_s=10.0, monotonic_s=world.clock.monotonic_s)
            for name, each in fronts.items()
        }
        plan = Plan([ProcessorHealth(*each) for each in FEES.items()], policy, 8, 1000, durable=False)
        ports = Ports(world.clock, world.timers, clients, None, lambda reason: None, world.recorder)
        self.system = ActorSystem(plan, ports, world.supervisor)
        self.system.start()
        self._session = world.probe("session")
        self._sequence = 1
        self.system.intake.tell(SessionOpened(self._session.reference))
        world.advance(0.01)

    def pay(self, count: int = 1, cents: int = 1990) -> None:
        first, self._sequence = self._sequence, self._sequence + count
        payments = [Payment(number.to_bytes(16), cents) for number in range(first, self._sequence)]
        self.system.intake.tell(SubmitPayments(self._session.reference, 0, first, payments))
        self.world.advance(0.01)

    def statistics(self) -> Statistics:
        counts: Statistics = self.system.answer(GetCounts())
        return counts

    def parked(self) -> tuple[PaymentReport, ...]:
        page: PaymentsPage = self.system.answer(GetPayments("parked"))
        return page.payments

    def booked(self) -> list[LedgerRow]:
        rows: list[LedgerRow] = list(self.system.answer(GetRows(0, 1000)).rows)
        return rows

    def at_both(self) -> set[bytes]:
        return set(self.default.rows) & set(self.fallback.rows)
