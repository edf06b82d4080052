"""Running k6, and reading what it measured."""

from __future__ import annotations

import asyncio
import re
import shutil
import tempfile
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from tests.bench.rounds import Latency, Slice

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SCRIPTS = Path(__file__).parents[2] / "config" / "k6"

_NOT_ACCEPTED = re.compile(r"(\d+) ([0-9a-f]{8}-[0-9a-f-]{27})")


SUMMARY = "summary.json"
CONSOLE = "console.log"
OFFICIAL_SUMMARY = "partial-results.json"
"""What the contest's own script leaves where it is run."""

TRENDS = "p(50),p(90),p(95),p(99),p(99.9),max,count"
SUCCESSFUL = "http_req_duration{expected_response:true}"


class Load(NamedTuple):
    """What k6 saw.

    Args:
        sent: payments.
        accepted: those that were answered with 2xx.
        not_accepted: the status by id of the others that the script told of; 0 stands for no answer.
        latency: of all requests of the run, those of auditor and stages, too.
        slices: that of payments by the time of sending; those without a payment are left out.
        scored_p99: of all requests that were answered well: what the contest's score goes by.
        from_due: the slices again, of the time from the instant at which a payment was due; empty for a closed loop.
        settled: by processor, what the system's books held at the end; None if the script didn't ask.
        inconsistencies: as the script's auditor counted them.
        official_total: the score that the contest's own script says.
    """

    sent: int
    accepted: int
    not_accepted: dict[bytes, int]
    latency: Latency
    slices: list[Slice]
    scored_p99: float = 0.0
    from_due: Sequence[Slice] = ()
    settled: dict[str, int] | None = None
    inconsistencies: int = 0
    official_total: float | None = None


async def run(k6: str, script: Path, *, slice_s: int, **variables: object) -> Load:
    """Run a script to its end, from an empty folder, where it may leave what it writes.

    Args:
        k6: the binary.
        script: one of ``config/k6``, or a copy of the contest's own.
        slice_s: length of a slice in seconds.
        variables: what the script's head says it takes.

    Raises:
        RuntimeError: k6 failed; the message has what it wrote.
    """
    with tempfile.TemporaryDirectory() as directory:
        process = await asyncio.create_subprocess_exec(
            *_command(k6, script, {"SLICE_SECONDS": slice_s, **variables}),
            cwd=directory,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for the bench, which ends it: by itself it would fail first
        )
        try:
            _, errors = await process.communicate()
        except asyncio.CancelledError:
            process.kill()
            await process.wait()
            raise
        if process.returncode:
            raise RuntimeError(f"k6 exited {process.returncode}: {errors.decode(errors='replace')[-2000:]}")
        return await asyncio.to_thread(_read_from, Path(directory), slice_s)


def _command(k6: str, script: Path, settings: Mapping[str, object]) -> list[str]:
    options = [part for name, value in settings.items() for part in ("-e", f"{name}={value}")]
    options += ["--summary-trend-stats", TRENDS, "--summary-export", SUMMARY, "--console-output", CONSOLE]
    # It is run from elsewhere, where neither may be found by a relative path.
    binary, absolute = Path(shutil.which(k6) or k6).absolute(), script.resolve()
    return [str(binary), "run", "--quiet", "--no-usage-report", *options, str(absolute)]


def _read_from(directory: Path, slice_s: int) -> Load:
    console = Path(directory, CONSOLE)
    load = read(
        orjson.loads(Path(directory, SUMMARY).read_bytes())["metrics"],
        console.read_text() if console.exists() else "",
        slice_s,
    )
    official = Path(directory, OFFICIAL_SUMMARY)
    total = orjson.loads(official.read_bytes()).get("total_liquido") if official.exists() else None
    return load._replace(official_total=total)


def read(metrics: Mapping[str, Any], console: str, slice_s: int) -> Load:
    """Read k6's summary.

    Args:
        metrics: its metrics by name, as ``--summary-export`` writes them.
        console: what the script logged: a status and an id for each payment that was not accepted.
        slice_s: length of a slice in seconds.
    """
    values = metrics["http_req_duration"]
    percentiles = [values[name] for name in ("p(50)", "p(90)", "p(95)", "p(99)", "p(99.9)", "max")]
    accepted, failed = (_count(metrics, f"transactions_{end}") for end in ("success", "failure"))
    settled = {name: metrics.get(f"{name}_total_requests") for name in ("default", "fallback")}
    return Load(
        sent=accepted + failed,
        accepted=accepted,
        not_accepted={uuid.UUID(each).bytes: int(status) for status, each in _NOT_ACCEPTED.findall(console)},
        latency=Latency(*percentiles),
        slices=_slices(metrics, "http_req_duration", slice_s),
        scored_p99=metrics.get(SUCCESSFUL, values)["p(99)"],
        from_due=_slices(metrics, "from_due", slice_s),
        settled={name: int(each["count"]) for name, each in settled.items() if each} or None,
        inconsistencies=_count(metrics, "payments_inconsistency"),
    )


def _count(metrics: Mapping[str, Any], name: str) -> int:
    return int(metrics[name]["count"]) if name in metrics else 0


def _slices(metrics: Mapping[str, Any], name: str, slice_s: int) -> list[Slice]:
    slices = []
    for each, values in metrics.items():
        found = re.fullmatch(rf"{name}\{{slice:(\d+)\}}", each)
        if found and values["count"]:
            begin_s = int(found[1])
            figures = (values["p(50)"], values["p(95)"], values["p(99)"], values["max"])
            slices.append(Slice(begin_s, begin_s + slice_s, int(values["count"]), *figures))
    return sorted(slices, key=lambda each: each.from_s)
