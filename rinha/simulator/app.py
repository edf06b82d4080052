"""One simulated payment processor as an aiohttp application."""

from __future__ import annotations

from aiohttp import web

from rinha.simulator.admin import AdminHandlers
from rinha.simulator.payments import PaymentHandlers
from rinha.simulator.state import Limits, State


def make_app(*, name: str, fee_bps: int, seed: int | None = None, limits: Limits | None = None) -> web.Application:
    """Build a processor with a state of its own.

    Args:
        name: for people.
        fee_bps: its fee in basis points: 500 is 5 %.
        seed: makes the faults' randomness repeat itself.
        limits: other than the real ones'.
    """
    state = State(name, fee_bps, seed, limits or Limits())
    payments = PaymentHandlers(state)
    admin = AdminHandlers(state)
    guard = admin.guard
    app = web.Application()
    app.add_routes(
        [
            web.post("/payments", payments.post),
            web.get("/payments/service-health", payments.health, allow_head=False),
            web.get("/payments/{id}", payments.find, allow_head=False),
            web.get("/admin/ping", admin.ping),
            web.get("/admin/payments-summary", guard(admin.summary), allow_head=False),
            web.put("/admin/configurations/token", guard(admin.set_token)),
            web.put("/admin/configurations/delay", guard(admin.set_delay)),
            web.put("/admin/configurations/failure", guard(admin.set_failure)),
            web.put("/admin/configurations/fault", guard(admin.set_fault)),
            web.post("/admin/purge-payments", guard(admin.purge)),
            web.get("/admin/payments", guard(admin.dump), allow_head=False),
            web.get("/admin/counters", guard(admin.counters), allow_head=False),
        ]
    )
    return app
