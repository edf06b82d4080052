"""CPU time per payment, by process: ``python -m tests.bench.cpu --rate 280``.

Starts simulated processors, a worker and APIs as processes, without containers, and posts payments at random instants,
so many per second on average, over kept-alive connections. For each process it prints what a payment costs: CPU time
of user and system in µs, and voluntary context switches, which are the times it went to sleep.

Variants are compared in turns, round by round, each with processes of its own:
``--variant base=../other-checkout --variant new=.,RINHA_BRIDGE_LINGER_MS=5``. A variant may set whatever `rinha check`
knows; ``RINHA_API_COUNT`` is how many APIs it has, ``RINHA_PORT`` that of the first one, and ``durable`` without a
store has a journal that goes with the round. With ``VIEWERS=10`` among the settings so many look at the dashboard.
``--profile DIRECTORY`` leaves profiles there; it needs py-spy (``pip install py-spy``), and its own share then is in
the figures.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tests.bench.cpu.client import Client, post_at_random
from tests.bench.cpu.profile import profiling
from tests.bench.cpu.system import WORKER, started
from tests.bench.cpu.table import table
from tests.bench.cpu.variant import Variant
from tests.bench.progress import STOPPED
from tests.support.client import until_settled
from tests.support.processes import simulators

if TYPE_CHECKING:
    from tests.bench.cpu.system import Api

COMMAND = "python -m tests.bench.cpu"
WARM_UP_S = 2.0


class Used(NamedTuple):
    """What a process has used since its start: CPU time in µs, and how often it gave the processor back."""

    user_us: float
    system_us: float
    switches: int

    @classmethod
    def by(cls, pid: int) -> Used:
        """Read it from the kernel: the sum to the ns; how much of it was which is counted in ticks."""
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        tasks = Path(f"/proc/{pid}/task").glob("*/status")
        lines = [line.split() for task in tasks for line in task.read_text(encoding="ascii").splitlines()]
        user, system = (int(each) for each in fields[11:13])
        used_us = time.clock_gettime_ns(_cpu_clock(pid)) / 1000
        user_us = used_us * user / max(user + system, 1)
        return cls(
            user_us, used_us - user_us, sum(int(line[1]) for line in lines if line[0] == "voluntary_ctxt_switches:")
        )


def _cpu_clock(pid: int) -> int:
    """The clock of a process's CPU time, as ``clock_getcpuclockid(3)`` makes it: that one Python doesn't have."""
    return ~pid << 3 | 2


async def measure(variant: Variant, rate: float, seconds: float, apis: int, profile: Path | None) -> dict[str, float]:
    """Run the system and the load once.

    Returns:
        What a payment cost each process, by name.
    """
    async with contextlib.AsyncExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        urls = stack.enter_context(simulators())
        processes, asked = await stack.enter_async_context(started(variant, urls, directory, apis))
        clients = [Client(each.address) for each in asked]
        viewing = asyncio.gather(*(view(asked[each % len(asked)]) for each in range(variant.viewers)))
        await post_at_random(clients, rate, WARM_UP_S)
        for client in clients:
            client.latencies_s.clear()
            client.statuses.clear()
        before = {name: Used.by(each.pid) for name, each in processes.items()}
        settings = " ".join(f"{name}={text}" for name, text in variant.settings.items()) or "no settings"
        title = f"{variant.name}: {rate:g} payments/s; {settings}; {COMMAND} --profile DIRECTORY"
        with profiling(processes, seconds, profile, title) if profile else contextlib.nullcontext():
            await post_at_random(clients, rate, seconds)
        after = {name: Used.by(each.pid) for name, each in processes.items()}
        viewing.cancel()
        await asyncio.gather(viewing, return_exceptions=True)
        for client in clients:
            await client.close()
        answers = sum((client.statuses for client in clients), Counter[int]())
        assert set(answers) == {202}, answers
        await until_settled(asked[0].session, asked[0].url)
        payments = answers.total()
        latencies_ms = sorted(each * 1000 for client in clients for each in client.latencies_s)
    found = {"payments": float(payments), "p50_ms": latencies_ms[payments // 2]}
    found["p99_ms"] = latencies_ms[payments * 99 // 100]
    for name in processes:
        share = payments if name == WORKER else payments / len(asked)
        used = zip(after[name], before[name], strict=True)
        user_us, system_us, switches = ((now - then) / share for now, then in used)
        found |= {f"{name} user": user_us, f"{name} sys": system_us, f"{name} switches": switches}
    return found


async def view(api: Api) -> None:
    """Ask what the page asks, once a second, until cancelled."""
    newest = 0
    while True:
        async with api.session.get(f"{api.url}/overview", params={"after": newest}) as response:
            seconds = (await response.json()).get("seconds", [])
        newest = seconds[-1]["number"] if seconds else newest
        await asyncio.sleep(1.0)


def main() -> int:
    """Measure and print.

    Returns:
        The exit code: 130 if Ctrl-C stopped it, after a table of the rounds that all variants had until then.
    """
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=float, default=280, help="payments per second")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--apis", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--variant", action="append", type=Variant.parse, default=[])
    parser.add_argument("--profile", type=Path, help="directory for profiles, which py-spy takes")
    options = parser.parse_args()
    variants = options.variant or [Variant("this", Path.cwd(), {})]
    results: dict[str, list[dict[str, float]]] = {each.name: [] for each in variants}
    code = STOPPED
    with contextlib.suppress(KeyboardInterrupt):
        for number in range(options.rounds):
            # Every other round backwards, so that none always comes after the same one.
            for variant in variants if number % 2 == 0 else variants[::-1]:
                found = measure(variant, options.rate, options.seconds, options.apis, options.profile)
                results[variant.name].append(asyncio.run(found))
        code = 0
    if whole := min(map(len, results.values())):
        print(table({name: rounds[:whole] for name, rounds in results.items()}))
    return code


if __name__ == "__main__":
    sys.exit(main())
