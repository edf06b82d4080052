"""Who may import whom: the walls between the rooms, checked in fresh interpreters and in the source.

Modules are found as they are; a new one is in a room by its path.
"""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parent.parent

REPORT = """
import importlib, json, os, sys, threading

def sockets():
    links = (os.path.join("/proc/self/fd", each) for each in os.listdir("/proc/self/fd"))
    return sorted(os.readlink(each) for each in links if os.path.islink(each) and "socket:" in os.readlink(each))

before = sockets()
for name in json.loads(sys.argv[1]):
    importlib.import_module(name)
hub = sys.modules.get("gevent._hub_local")
print(json.dumps({
    "modules": sorted(sys.modules),
    "threads": threading.active_count(),
    "sockets": len(sockets()) - len(before),
    "hub": hub is not None and hub.get_hub_if_exists() is not None,
    "patched": "gevent.monkey" in sys.modules and bool(sys.modules["gevent.monkey"].saved),
}))
"""


def modules() -> dict[str, Path]:
    """All modules of the project by dotted name, but for those that run when imported."""
    found = {}
    for package in ("actors", "rinha"):
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            if parts[-1] != "__main__":
                found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()


def inside(*rooms: str) -> Callable[[str], bool]:
    """Whether a module is one of these, or in one of these packages."""
    return lambda name: any(name == room or name.startswith(f"{room}.") for room in rooms)


SANS_IO = inside(
    "rinha.bridge.protocol",
    "rinha.bridge.errors",
    "rinha.net.address",
    "rinha.net.host",
    "rinha.net.http_url",
    "rinha.processors.client",
    "rinha.processors.errors",
    "rinha.processors.http1",
    "rinha.processors.verdicts",
    "rinha.processors.wire",
)
API_SIDE = inside("rinha.api", "rinha.commands.ask", "rinha.net", "rinha.bridge.client")
WORKER_SIDE = inside("rinha.worker", "rinha.processors", "rinha.store", "rinha.net", "rinha.bridge.server", "actors")


WHAT_IS_SAID = inside(
    "actors.values", "actors.facts", "actors.reports", "actors.messages", "actors.ports", "actors.recipient"
)

GEVENT = ("gevent", "greenlet")
ASYNCIO = ("aiohttp", "uvloop")


class Wall(NamedTuple):
    """Modules that, loaded all together, must not bring in others."""

    room: Callable[[str], bool]
    keeps_out: tuple[str, ...]


WALLS = {
    "values, messages and ports are the standard library's": Wall(
        WHAT_IS_SAID,
        ("pykka", "asyncio", "rinha", *GEVENT, *ASYNCIO),
    ),
    "actors know no loop": Wall(
        lambda name: inside("actors")(name) and name != "actors.runtime.greenlets",
        ("rinha", "asyncio", *GEVENT, *ASYNCIO),
    ),
    "the actor system knows no application": Wall(inside("actors"), ("rinha", "asyncio", "httptools", *ASYNCIO)),
    "sans-I/O opens nothing": Wall(SANS_IO, ("asyncio", "pykka", *GEVENT, *ASYNCIO)),
    "the API side has no actors": Wall(API_SIDE, ("pykka", *GEVENT)),
    "the simulator has no actors": Wall(inside("rinha.simulator"), ("pykka", *GEVENT)),
    "the worker side has no asyncio": Wall(WORKER_SIDE, ("asyncio", *ASYNCIO)),
    "what all processes have in common knows no loop": Wall(
        inside("rinha.process", "rinha.logs.configure"), ("actors", "asyncio", "pykka", *GEVENT, *ASYNCIO)
    ),
    "settings are light": Wall(
        inside("rinha.settings", "rinha.commands.check"),
        ("pykka", "orjson", "asyncio", "sqlite3", "psycopg", "actors", *GEVENT, *ASYNCIO),
    ),
    "a server starts with nothing that it may not need": Wall(
        lambda name: name in {"rinha.api.main", "rinha.worker.main"},
        ("rinha.store", "rinha.simulator", "rinha.up", "sqlite3", "psycopg", "importlib.metadata", "pydoc", "unittest"),
    ),
    "the command loads no side": Wall(inside("rinha.commands.main", "rinha.up"), ("pykka", *GEVENT, *ASYNCIO)),
}


def load(names: list[str]) -> dict[str, object]:
    """Import modules in a fresh interpreter, and tell what came of it."""
    # Without measuring coverage, which would import things of its own into that interpreter.
    environ = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", REPORT, json.dumps(names)],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    report: dict[str, object] = json.loads(done.stdout)
    return report


@pytest.mark.parametrize("name", WALLS)
def test_wall(name: str) -> None:
    wall = WALLS[name]
    names = [each for each in MODULES if wall.room(each)]
    assert names
    report = load(names)
    loaded = report["modules"]
    assert isinstance(loaded, list)
    assert [each for each in loaded if inside(*wall.keeps_out)(each)] == []
    assert report["threads"] == 1, "importing starts no thread"
    assert report["sockets"] == 0, "importing opens no socket"
    assert not report["hub"], "importing starts no hub"
    assert not report["patched"], "nothing is monkey-patched"


def imports(path: Path) -> Iterator[str]:
    """Everything that a file imports anywhere, for types alone and inside functions included."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def offenders(room: Callable[[str], bool], keeps_out: Callable[[str], bool]) -> list[str]:
    return [
        f"{name} imports {each}"
        for name, path in MODULES.items()
        if room(name)
        for each in imports(path)
        if keeps_out(each)
    ]


def test_gevent_comes_into_the_actors_through_the_runtime_alone() -> None:
    assert offenders(lambda name: inside("actors")(name) and name != "actors.runtime.greenlets", inside(*GEVENT)) == []
    assert any(map(inside("gevent"), imports(MODULES["actors.runtime.greenlets"])))


def test_the_runtime_knows_no_payment() -> None:
    ours = inside("actors")
    allowed = inside("actors.runtime", "actors.recipient")
    assert offenders(inside("actors.runtime"), lambda each: ours(each) and not allowed(each)) == []


@pytest.mark.parametrize("name", [each for each in MODULES if WHAT_IS_SAID(each)])
def test_what_is_said_needs_the_standard_library_alone(name: str) -> None:
    ours = inside("actors")
    foreign = [each for each in imports(MODULES[name]) if not ours(each)]
    assert [each for each in foreign if each.split(".")[0] not in sys.stdlib_module_names] == []


def test_actors_never_import_the_application() -> None:
    assert offenders(inside("actors"), inside("rinha", "asyncio", "socket", *ASYNCIO)) == []


def test_no_actor_imports_another() -> None:
    """References arrive by constructor; one file wires them. A room's own actors may know each other."""
    behaviours = {
        name
        for name, path in MODULES.items()
        if inside("actors")(name) and not inside("actors.runtime")(name) and "    def on_give_up(" in path.read_text()
    }
    assert {"actors.payment", "actors.intake.actor", "actors.ledger.actor"} <= behaviours
    assert offenders(lambda name: name != "actors.system", inside(*behaviours)) == []


def test_each_side_of_the_bridge_leaves_the_others_loop_alone() -> None:
    assert offenders(API_SIDE, inside("pykka", *GEVENT)) == []
    assert offenders(WORKER_SIDE, inside("asyncio", *ASYNCIO)) == []
    assert offenders(SANS_IO, inside("asyncio", "socket", "pykka", *GEVENT, *ASYNCIO)) == []


def test_outside_the_worker_only_what_is_said_is_known() -> None:
    """Values, messages and ports; the API samples traces."""
    traces = inside("actors.tracing")
    outside = inside(
        "rinha.bridge", "rinha.processors", "rinha.store", "rinha.simulator", "rinha.api", "rinha.commands"
    )
    assert offenders(outside, lambda each: inside("actors")(each) and not (WHAT_IS_SAID(each) or traces(each))) == []


def cycle(arrows: dict[str, set[str]]) -> list[str]:
    """A circle of modules that import each other, if there is one."""
    done: set[str] = set()

    def walk(name: str, path: list[str]) -> list[str]:
        if name in path:
            return [*path[path.index(name) :], name]
        if name not in done:
            for each in sorted(arrows[name]):
                if found := walk(each, [*path, name]):
                    return found
            done.add(name)
        return []

    return next((found for name in sorted(arrows) if (found := walk(name, []))), [])


def test_no_circle_of_imports() -> None:
    """Not even for types alone, so that every module can be read from the bottom up."""
    arrows = {
        name: {target for each in imports(path) for target in (each, each.rpartition(".")[0]) if target in MODULES}
        for name, path in MODULES.items()
    }
    assert cycle(arrows) == []


def test_nothing_is_monkey_patched() -> None:
    assert offenders(lambda name: True, inside("gevent.monkey")) == []
