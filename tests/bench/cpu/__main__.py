"""CPU time per payment, by process: ``python -m tests.bench.cpu --rate 280``.

Starts simulated processors, a worker and APIs as processes, without containers, and posts payments at random instants,
so many per second on average, over kept-alive connections. For each process it prints what a payment costs: CPU time
of user and system in µs, and voluntary context switches, which are the times it went to sleep.

Variants are compared in turns, round by round, each with processes of its own:
``--variant base=../other-checkout --variant new=.,RINHA_BRIDGE_LINGER_MS=5``. With ``VIEWERS=10`` among the settings so
many look at the dashboard. ``--profile DIRECTORY`` leaves profiles there; it needs py-spy (``pip install py-spy``), and
its own share then is in the figures.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import statistics
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import aiohttp

from tests.bench.cpu.client import Client, post_at_random
from tests.bench.cpu.profile import profiling
from tests.support.client import until_settled
from tests.support.processes import running, simulators, system_environ

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.support.processes import Process

COMMAND = "python -m tests.bench.cpu"
WARM_UP_S = 2.0
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
SETTINGS = {
    "RINHA_ACCEPT": "queued",
    "RINHA_ROUTING": "cheapest",
    "RINHA_TRACE_SHARE": "0",
    "RINHA_LOG_LEVEL": "info",
}


class Used(NamedTuple):
    """What a process has used since its start: CPU time in µs, and how often it gave the processor back."""

    user_us: float
    system_us: float
    switches: int

    @classmethod
    def by(cls, pid: int) -> Used:
        """Read it from the kernel."""
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        tasks = Path(f"/proc/{pid}/task").glob("*/status")
        lines = [line.split() for task in tasks for line in task.read_text(encoding="ascii").splitlines()]
        user_us, system_us = (int(each) / TICKS_PER_S * 1e6 for each in fields[11:13])
        return cls(user_us, system_us, sum(int(line[1]) for line in lines if line[0] == "voluntary_ctxt_switches:"))


class Variant(NamedTuple):
    """What to measure: a checkout, settings, and how many look at the page."""

    name: str
    tree: Path
    settings: Mapping[str, str]
    viewers: int = 0

    @classmethod
    def parse(cls, text: str) -> Variant:
        """Read ``name=path,SETTING=value,…``."""
        name, _, rest = text.partition("=")
        tree, *settings = rest.split(",")
        given = dict(each.split("=", 1) for each in settings)
        viewers = int(given.pop("VIEWERS", "0"))
        return cls(name, Path(tree).resolve(), given, viewers)


async def measure(variant: Variant, rate: float, seconds: float, apis: int, profile: Path | None) -> dict[str, float]:
    """Run the system and the load once.

    Returns:
        What a payment cost each process, by name.
    """
    with contextlib.ExitStack() as stack:
        urls = stack.enter_context(simulators())
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        path = {"PYTHONPATH": str(variant.tree), "PYTHONSAFEPATH": "1"}
        environ = {**system_environ(urls, directory, **{**SETTINGS, **variant.settings}), **path, "RINHA_PORT": "0"}
        worker = stack.enter_context(running("worker", environ=environ))
        worker.until_logged("worker.started")
        processes: dict[str, Process] = {"worker": worker}
        for number in range(1, apis + 1):
            own = {**environ, "RINHA_API_NAME": f"api-{number}"}
            processes[f"api-{number}"] = stack.enter_context(running("api", environ=own))
        addresses = [each.until_logged("api.listening")["address"] for each in list(processes.values())[1:]]
        for each in list(processes.values())[1:]:
            each.until_logged("bridge.session_opened")

        clients = [Client(address) for address in addresses]
        viewing = asyncio.gather(*(view(addresses[each % apis]) for each in range(variant.viewers)))
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
        async with aiohttp.ClientSession() as session:
            await until_settled(session, addresses[0])
        payments = answers.total()
        latencies_ms = sorted(each * 1000 for client in clients for each in client.latencies_s)
    found = {"payments": float(payments), "p50_ms": latencies_ms[payments // 2]}
    found["p99_ms"] = latencies_ms[payments * 99 // 100]
    for name in processes:
        share = payments if name == "worker" else payments / apis
        used = zip(after[name], before[name], strict=True)
        user_us, system_us, switches = ((now - then) / share for now, then in used)
        found |= {f"{name} user": user_us, f"{name} sys": system_us, f"{name} switches": switches}
    return found


async def view(address: str) -> None:
    """Ask what the page asks, once a second, until cancelled."""
    newest = 0
    async with aiohttp.ClientSession() as session:
        while True:
            async with session.get(f"{address}/overview", params={"after": newest}) as response:
                seconds = (await response.json()).get("seconds", [])
            newest = seconds[-1]["number"] if seconds else newest
            await asyncio.sleep(1.0)


def report(results: Mapping[str, Sequence[Mapping[str, float]]]) -> str:
    """A table of medians, one line per process and variant."""
    lines = [f"{'':24}{'process':10}{'user':>8}{'system':>8}{'µs CPU':>8}{'ratio':>7}{'switches':>10}"]
    first = next(iter(results.values()))
    processes = [key.removesuffix(" user") for key in first[0] if key.endswith(" user")]

    def median(rounds: Sequence[Mapping[str, float]], *keys: str) -> float:
        return statistics.median(sum(each[key] for key in keys) for each in rounds)

    for name in processes:
        both = f"{name} user", f"{name} sys"
        for variant, rounds in results.items():
            user, system, cpu = median(rounds, both[0]), median(rounds, both[1]), median(rounds, *both)
            pairs = zip(rounds, first, strict=True)
            ratio = statistics.median(sum(a[key] for key in both) / sum(b[key] for key in both) for a, b in pairs)
            switches = median(rounds, f"{name} switches")
            lines.append(f"{variant:24}{name:10}{user:8.0f}{system:8.0f}{cpu:8.0f}{ratio:7.2f}{switches:10.2f}")
    for variant, rounds in results.items():
        apis = [name for name in processes if name != "worker"]
        cpu = median(rounds, "worker user", "worker sys") + statistics.mean(
            median(rounds, f"{name} user", f"{name} sys") for name in apis
        )
        latency = f"p50 {median(rounds, 'p50_ms'):.2f} ms, p99 {median(rounds, 'p99_ms'):.2f} ms"
        lines.append(f"{variant:24}worker and an API {cpu:.0f} µs per payment, {latency}")
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
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
    for number in range(options.rounds):
        # Every other round backwards, so that none always comes after the same one.
        for variant in variants if number % 2 == 0 else variants[::-1]:
            found = measure(variant, options.rate, options.seconds, options.apis, options.profile)
            results[variant.name].append(asyncio.run(found))
    print(report(results))


if __name__ == "__main__":
    main()
