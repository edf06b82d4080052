"""CPU time per payment, by process: ``python -m tests.system.cpu_bench --rate 280``.

Starts simulated processors, a worker and APIs as processes, without containers, and posts payments at random instants,
so many per second on average, over kept-alive connections. For each process it prints what a payment costs: CPU time
of user and system in µs, and voluntary context switches, which are the times it went to sleep.

Variants are compared in turns, round by round, each with processes of its own:
``--variant base=../other-checkout --variant new=.,RINHA_BRIDGE_LINGER_MS=5``. ``--profile DIRECTORY`` leaves profiles
there; it needs py-spy (``pip install py-spy``), whose own share then is in the figures.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import random
import statistics
import subprocess
import tempfile
import time
import uuid
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

import aiohttp

from tests.support.client import until_settled
from tests.support.processes import running, simulators, system_environ

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tests.support.processes import Process

COMMAND = "python -m tests.system.cpu_bench"
WARM_UP_S = 2.0
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
PROFILE_PER_S = 400
PROFILE_LINES = 40
WAITING = ("Hub.run (gevent/", "Runner.run (asyncio/", "acquire_with_timeout (gevent/")
"""What py-spy finds at the top of the stack of a process that waits, and of an event loop at work."""
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
    """What to measure: a checkout, and settings."""

    name: str
    tree: Path
    settings: Mapping[str, str]

    @classmethod
    def parse(cls, text: str) -> Variant:
        """Read ``name=path,SETTING=value,…``."""
        name, _, rest = text.partition("=")
        tree, *settings = rest.split(",")
        return cls(name, Path(tree).resolve(), dict(each.split("=", 1) for each in settings))


class Connection(asyncio.Protocol):
    """A kept-alive connection to an API, which carries one payment at a time."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._sent_s = 0.0
        self.transport: Any

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ready."""
        self.transport = transport

    def post(self, request: bytes) -> None:
        """Send a request."""
        self._sent_s = time.monotonic()
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        """An answer comes in one piece."""
        self._client.answered(self, int(data[9:12]), time.monotonic() - self._sent_s)


class Client:
    """Posts to one API over as many connections as it takes, the last one used first."""

    def __init__(self, url: str) -> None:
        self._url = urlsplit(url)
        self._head = f"POST /payments HTTP/1.1\r\nHost: {self._url.netloc}\r\nContent-Type: application/json\r\n"
        self._idle: list[Connection] = []
        self._at_work = 0
        self._answered = asyncio.Event()
        self.statuses: Counter[int] = Counter()
        self.latencies_s: list[float] = []

    async def post(self) -> None:
        """Post a payment; doesn't wait for the answer."""
        body = f'{{"correlationId":"{uuid.uuid4()}","amount":19.9}}'
        if not self._idle:
            loop = asyncio.get_running_loop()
            host, _, port = self._url.netloc.rpartition(":")
            _, new = await loop.create_connection(lambda: Connection(self), host, int(port))
            self._idle.append(new)
        self._at_work += 1
        self._idle.pop().post(f"{self._head}Content-Length: {len(body)}\r\n\r\n{body}".encode())

    def answered(self, connection: Connection, status: int, latency_s: float) -> None:
        """Take an answer."""
        self._at_work -= 1
        self._answered.set()
        self._idle.append(connection)
        self.statuses[status] += 1
        self.latencies_s.append(latency_s)

    async def close(self) -> None:
        """Wait for the last answers, and close."""
        async with asyncio.timeout(10):
            while self._at_work:
                self._answered.clear()
                await self._answered.wait()
        for each in self._idle:
            each.transport.close()


async def post_at_random(clients: Sequence[Client], per_s: float, duration_s: float) -> None:
    """Post to the clients in turn for so long, at instants that are the same in each run."""
    chance = random.Random(1)
    begun_s = due_s = time.monotonic()
    number = 0
    while (due_s := due_s + chance.expovariate(per_s)) < begun_s + duration_s:
        await asyncio.sleep(max(0.0, due_s - time.monotonic()))
        await clients[number % len(clients)].post()
        number += 1


async def measure(variant: Variant, rate: float, seconds: float, apis: int, profile: Path | None) -> dict[str, float]:
    """Run the system and the load once.

    Returns:
        What a payment cost each process, by name.
    """
    with contextlib.ExitStack() as stack:
        urls = stack.enter_context(simulators())
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        path = {"PYTHONPATH": str(variant.tree), "PYTHONSAFEPATH": "1"}
        environ = {**system_environ(urls, directory, **SETTINGS, **variant.settings), **path, "RINHA_PORT": "0"}
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


@contextlib.contextmanager
def profiling(processes: Mapping[str, Process], seconds: float, directory: Path, title: str) -> Iterator[None]:
    """Sample the stacks of the worker and the first API meanwhile, and leave a profile of each in the directory."""
    with tempfile.TemporaryDirectory() as temporary:
        samplers = {}
        for name, process in (("worker", processes["worker"]), ("api", processes["api-1"])):
            options = ("--format", "raw", "--rate", str(PROFILE_PER_S), "--duration", str(int(seconds)), "--function")
            command = ("py-spy", "record", "--pid", str(process.pid), *options, "--output", f"{temporary}/{name}")
            samplers[name] = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            yield
        finally:
            for name, sampler in samplers.items():
                sampler.wait()
                text = top(Path(temporary, name).read_text(encoding="utf-8"))
                path = directory / f"profile-{name}-{title.partition(':')[0]}.txt"
                path.write_text(f"{title}\n{text}", encoding="utf-8")


def top(collapsed: str) -> str:
    """Reduce collapsed stacks to the functions with most samples, of their own and with all that they called."""
    own: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for line in collapsed.splitlines():
        stack, _, count = line.rpartition(" ")
        frames = stack.split(";")
        if frames[-1].startswith(WAITING):
            continue
        own[frames[-1]] += int(count)
        for frame in set(frames):
            total[frame] += int(count)
    samples = own.total() or 1
    lines = [f"{samples} samples, without those that wait in the event loop"]
    for title, counts in (("of its own", own), ("with what it called", total)):
        lines += ["", f"share  function, {title}"]
        lines += [f"{100 * count / samples:4.1f} %  {frame}" for frame, count in counts.most_common(PROFILE_LINES)]
    return "\n".join(lines) + "\n"


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
