"""Which subjects are measured side by side: what all benches that take some of them share."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tests.bench.peers import find_peers
from tests.bench.subjects import BASE, BASE_IMAGE, FLOOR, PRESETS, Preset, checkout, contest, floor, processors

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator, Mapping, Sequence

    from tests.bench.peers import PeerSubject
    from tests.bench.subjects import Subject


class Choice(NamedTuple):
    """What to measure beside what.

    Args:
        names: the floor and presets.
        presets: those that there are.
        base: revision of an earlier version, if any.
        variants: other presets, as ``parse_variant`` takes them.
        peers: other systems.
        local: processes of this machine instead of containers.
    """

    names: Sequence[str]
    presets: Mapping[str, Preset]
    base: str = ""
    variants: Sequence[str] = ()
    peers: Sequence[PeerSubject] = ()
    local: bool = False

    @property
    def size(self) -> int:
        """How many subjects that makes; the floor needs a container."""
        names = [name for name in self.names if not (self.local and name == FLOOR)]
        return len(names) + len(self.variants) + len(self.peers) + bool(self.base)

    @contextlib.contextmanager
    def made(self) -> Iterator[list[Subject]]:
        """The subjects, with images and payment processors, for the length of the context."""
        if self.local:
            from tests.bench.local import LocalSubject

            presets = {**{name: self.presets[name] for name in self.names if name != FLOOR}}
            presets |= dict(map(parse_variant, self.variants))
            yield [LocalSubject(f"local-{name}", preset) for name, preset in presets.items()]
            return
        with contextlib.ExitStack() as stack:
            stack.enter_context(processors())
            subjects: list[Subject] = [
                floor() if name == FLOOR else contest(name, self.presets[name]) for name in self.names
            ]
            subjects += [contest(*parse_variant(each)) for each in self.variants]
            if self.base:
                root = stack.enter_context(checkout(self.base))
                subjects.append(contest(BASE, PRESETS["queued"], image=BASE_IMAGE, root=root))
            for peer in self.peers:
                peer.build()
            yield [*subjects, *self.peers]


def parse_variant(text: str) -> tuple[str, Preset]:
    """Read ``NAME:RINHA_SETTING=VALUE,overlay.yaml,…``: the queued preset with other settings and overlays."""
    name, _, rest = text.partition(":")
    parts = [part for part in rest.split(",") if part]
    environ = dict(part.split("=", 1) for part in parts if "=" in part)
    return name, Preset(environ, [part for part in parts if "=" not in part])


def add_options(parser: ArgumentParser, default: str, presets: Mapping[str, Preset]) -> None:
    """Add the options that `chosen` reads."""
    parser.add_argument("--subjects", default=default, help=f"of {FLOOR}, {', '.join(presets)} (default %(default)s)")
    parser.add_argument("--base", default="", metavar="REVISION", help="an earlier version to measure beside them")
    parser.add_argument("--variant", action="append", default=[], metavar="NAME:SETTING=VALUE,OVERLAY", help="a trial")
    parser.add_argument(
        "--peers", metavar="FOLDER", help="other systems: each compose file in it, or in a folder of it, is a subject"
    )
    parser.add_argument("--local", action="store_true", help="processes of this machine instead of containers")


def chosen(options: Namespace, presets: Mapping[str, Preset]) -> Choice:
    """What the options choose.

    Raises:
        ValueError: there is no such subject, or none at all, or it can't be run without containers.
        PeerError: the folder of peers is none.
    """
    names = [name for name in options.subjects.split(",") if name]
    if unknown := [name for name in names if name not in {FLOOR, *presets}]:
        raise ValueError(f"no such subject: {', '.join(unknown)}; there are {FLOOR}, {', '.join(presets)}")
    if options.local and (options.peers or options.base):
        raise ValueError("peers and earlier versions are run in containers alone")
    peers = find_peers(Path(options.peers)) if options.peers else []
    choice = Choice(names, presets, options.base, options.variant, peers, options.local)
    if not choice.size:
        raise ValueError("no subjects")
    return choice
