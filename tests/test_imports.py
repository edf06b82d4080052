"""Who may import whom: the walls between the rooms, checked in fresh interpreters and in the source.

Modules are found as they are; a new one is in a room by its path. Only the bridge's adapters are named.
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


ASYNCIO_BRIDGE = inside(
    "rinha.bridge.client", "rinha.bridge.client_link", "rinha.bridge.client_requests", "rinha.bridge.waiters"
)
GEVENT_BRIDGE = inside(
    "rinha.bridge.server",
    "rinha.bridge.server_connection",
    "rinha.bridge.server_requests",
    "rinha.bridge.server_writer",
)
WORKER_ROOMS = inside("rinha.worker", "rinha.processors", "rinha.store", "rinha.listener", "actors")


def sans_io(name: str) -> bool:
    """All of the bridge that isn't named as an adapter, so that a new module is held to the strictest rule."""
    return inside("rinha.bridge")(name) and not ASYNCIO_BRIDGE(name) and not GEVENT_BRIDGE(name)


def api_side(name: str) -> bool:
    return inside("rinha.api", "rinha.console", "rinha.listener")(name) or ASYNCIO_BRIDGE(name)


def worker_side(name: str) -> bool:
    return WORKER_ROOMS(name) or GEVENT_BRIDGE(name)


GEVENT = ("gevent", "greenlet", "geventhttpclient")
ASYNCIO = ("aiohttp", "uvloop")


class Wall(NamedTuple):
    """Modules that, loaded all together, must not bring in others."""

    room: Callable[[str], bool]
    keeps_out: tuple[str, ...]


WALLS = {
    "messages and ports are the standard library's": Wall(
        inside("actors.messages", "actors.ports", "actors.tracing"), ("pykka", "asyncio", "rinha", *GEVENT, *ASYNCIO)
    ),
    "actors know no loop": Wall(
        lambda name: inside("actors")(name) and name != "actors.runtime", ("rinha", "asyncio", *GEVENT, *ASYNCIO)
    ),
    "the actor system knows no application": Wall(inside("actors"), ("rinha", "asyncio", "geventhttpclient", *ASYNCIO)),
    "sans-I/O opens nothing": Wall(sans_io, ("asyncio", "pykka", *GEVENT, *ASYNCIO)),
    "the API side has no actors": Wall(api_side, ("pykka", *GEVENT)),
    "the simulator has no actors": Wall(inside("rinha.simulator"), ("pykka", *GEVENT)),
    "the worker side has no asyncio": Wall(worker_side, ("asyncio", *ASYNCIO)),
    "settings are light": Wall(inside("rinha.settings", "rinha.variables"), ("pykka", "orjson", *GEVENT, *ASYNCIO)),
    "a server starts with nothing that it may not need": Wall(
        lambda name: name in {"rinha.api.main", "rinha.worker_process"},
        ("rinha.store", "rinha.simulator", "rinha.up", "sqlite3", "psycopg", "importlib.metadata", "pydoc", "unittest"),
    ),
    "the command loads no side": Wall(inside("rinha.cli", "rinha.up"), ("pykka", *GEVENT, *ASYNCIO)),
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
    assert offenders(lambda name: inside("actors")(name) and name != "actors.runtime", inside(*GEVENT)) == []
    assert any(map(inside("gevent"), imports(MODULES["actors.runtime"])))


def test_messages_need_the_standard_library_alone() -> None:
    ours = inside("actors")
    foreign = [each for each in imports(MODULES["actors.messages"]) if not ours(each)]
    assert [each for each in foreign if each.split(".")[0] not in sys.stdlib_module_names] == []


def test_actors_never_import_the_application() -> None:
    assert offenders(inside("actors"), inside("rinha", "asyncio", "socket", *ASYNCIO)) == []


ACTOR_FILES = {"actors.intake", "actors.payment", "actors.health", "actors.ledger", "actors.journal"}


def test_no_actor_imports_another() -> None:
    """References arrive by constructor; one file wires them."""
    behaviours = {
        name
        for name, path in MODULES.items()
        if inside("actors")(name) and name != "actors.ports" and "    def on_give_up(" in path.read_text()
    }
    assert behaviours <= ACTOR_FILES, "a new actor file: name it here"
    assert offenders(lambda name: name != "actors.system", inside(*ACTOR_FILES)) == []


def test_each_side_of_the_bridge_leaves_the_others_loop_alone() -> None:
    assert offenders(api_side, inside("pykka", *GEVENT)) == []
    assert offenders(worker_side, inside("asyncio", *ASYNCIO)) == []
    assert offenders(sans_io, inside("asyncio", "socket", "pykka", *GEVENT, *ASYNCIO)) == []


def test_the_bridge_knows_messages_and_ports_only() -> None:
    allowed = inside("actors.messages", "actors.ports", "actors.tracing")
    assert offenders(inside("rinha.bridge"), lambda each: inside("actors")(each) and not allowed(each)) == []


def test_the_stores_and_processors_know_messages_and_ports_only() -> None:
    allowed = inside("actors.messages", "actors.ports")
    outside = inside("rinha.processors", "rinha.store", "rinha.simulator", "rinha.api")
    tolerated = inside("actors.tracing")  # the API samples traces
    assert offenders(outside, lambda each: inside("actors")(each) and not (allowed(each) or tolerated(each))) == []


def test_nothing_is_monkey_patched() -> None:
    assert offenders(lambda name: True, inside("gevent.monkey")) == []
