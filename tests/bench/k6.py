"""Running k6, and reading what it measured."""

from __future__ import annotations

import asyncio
import re
import tempfile
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from tests.bench.rounds import Latency, Slice

if TYPE_CHECKING:
    from collections.abc import Mapping

SCRIPTS = Path(__file__).parents[2] / "config" / "k6"

_NOT_ACCEPTED = re.compile(r"(\d+) ([0-9a-f]{8}-[0-9a-f-]{27})")


class Load(NamedTuple):
    """What k6 saw.

    Args:
        sent: requests.
        accepted: those that were answered with 2xx.
        not_accepted: the status by id of all others; 0 stands for no answer.
        latency: of all requests.
        slices: the same by the time of sending; those without a request are left out.
    """

    sent: int
    accepted: int
    not_accepted: dict[bytes, int]
    latency: Latency
    slices: list[Slice]


async def run(k6: str, script: str, *, slice_s: int, **variables: object) -> Load:
    """Run a script of ``config/k6`` to its end.

    Args:
        k6: the binary.
        script: the script's name.
        slice_s: length of a slice in seconds.
        variables: what the script's head says it takes.

    Raises:
        RuntimeError: k6 failed; the message has what it wrote.
    """
    with tempfile.TemporaryDirectory() as directory:
        summary, console = Path(directory, "summary.json"), Path(directory, "console.log")
        settings = {"SUMMARY": summary, "SLICE_SECONDS": slice_s, **variables}
        options = [part for name, value in settings.items() for part in ("-e", f"{name}={value}")]
        process = await asyncio.create_subprocess_exec(
            *(
                k6,
                "run",
                "--quiet",
                "--no-usage-report",
                "--console-output",
                str(console),
                *options,
                str(SCRIPTS / script),
            ),
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            _, errors = await process.communicate()
        except asyncio.CancelledError:
            process.kill()
            await process.wait()
            raise
        if process.returncode:
            raise RuntimeError(f"k6 exited {process.returncode}: {errors.decode(errors='replace')[-2000:]}")
        metrics, lines = await asyncio.to_thread(lambda: (summary.read_bytes(), console.read_text()))
        return read(orjson.loads(metrics), lines, slice_s)


def read(metrics: Mapping[str, Any], console: str, slice_s: int) -> Load:
    """Read k6's summary.

    Args:
        metrics: its metrics by name.
        console: what the script logged: a status and an id for each request that was not accepted.
        slice_s: length of a slice in seconds.
    """
    slices = []
    for name, metric in metrics.items():
        found = re.fullmatch(r"http_req_duration\{slice:(\d+)\}", name)
        if found and metric["values"]["count"]:
            values, begin_s = metric["values"], int(found[1])
            figures = (values["p(50)"], values["p(95)"], values["p(99)"], values["max"])
            slices.append(Slice(begin_s, begin_s + slice_s, int(values["count"]), *figures))
    values = metrics["http_req_duration"]["values"]
    percentiles = [values[name] for name in ("p(50)", "p(90)", "p(95)", "p(99)", "p(99.9)", "max")]
    return Load(
        sent=int(values["count"]),
        accepted=int(metrics["accepted"]["values"]["count"]) if "accepted" in metrics else 0,
        not_accepted={uuid.UUID(each).bytes: int(status) for status, each in _NOT_ACCEPTED.findall(console)},
        latency=Latency(*percentiles),
        slices=sorted(slices, key=lambda each: each.from_s),
    )
