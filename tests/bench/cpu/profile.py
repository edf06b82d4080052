"""Profiles of the processes under load, by py-spy."""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.support.processes import Process

PER_S = 400
LINES = 40
WAITING = ("Hub.run (gevent/", "Runner.run (asyncio/", "acquire_with_timeout (gevent/")
"""What py-spy finds at the top of the stack of a process that waits, and of an event loop at work."""


@contextlib.contextmanager
def profiling(processes: Mapping[str, Process], seconds: float, directory: Path, title: str) -> Iterator[None]:
    """Sample the stacks of the worker and the first API meanwhile, and leave a profile of each in the directory."""
    with tempfile.TemporaryDirectory() as temporary:
        samplers = {}
        for name, process in (("worker", processes["worker"]), ("api", processes["api-1"])):
            options = ("--format", "raw", "--rate", str(PER_S), "--duration", str(int(seconds)), "--function")
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
        lines += [f"{100 * count / samples:4.1f} %  {frame}" for frame, count in counts.most_common(LINES)]
    return "\n".join(lines) + "\n"
