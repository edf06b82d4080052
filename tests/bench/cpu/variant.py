"""What to measure beside what: a checkout, its settings, and how many look at the page."""

from __future__ import annotations

from argparse import ArgumentTypeError
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from rinha.net.host import bracketed
from tests.support.processes import free_port, system_environ

if TYPE_CHECKING:
    from collections.abc import Mapping

SETTINGS = {
    "RINHA_ACCEPT": "queued",
    "RINHA_ROUTING": "cheapest",
    "RINHA_TRACE_SHARE": "0",
    "RINHA_LOG_LEVEL": "info",
}
"""Those of every variant that doesn't set them."""


class Variant(NamedTuple):
    """What to measure.

    Args:
        name: in tables.
        tree: the checkout.
        settings: those of the variant's own; every setting may be among them.
        viewers: how many look at the page.
    """

    name: str
    tree: Path
    settings: Mapping[str, str]
    viewers: int = 0

    @classmethod
    def parse(cls, text: str) -> Variant:
        """Read ``name=path,SETTING=value,…``.

        Raises:
            ArgumentTypeError: it isn't of that form, there is no such checkout, or a number isn't one.
        """
        name, _, rest = text.partition("=")
        tree, *settings = rest.split(",")
        if not (name and tree and Path(tree, "rinha").is_dir()):
            raise ArgumentTypeError(f"{text!r}: expected NAME=CHECKOUT,SETTING=VALUE,…, and {tree!r} is no checkout")
        given = dict(each.split("=", 1) for each in settings if "=" in each)
        numbers = [given.get(each, "0") for each in ("VIEWERS", "RINHA_API_COUNT", "RINHA_PORT")]
        if len(given) < len(settings) or not all(each.isdecimal() for each in numbers):
            raise ArgumentTypeError(f"{text!r}: each setting is SETTING=VALUE, once; ports and counts are numbers")
        viewers = int(given.pop("VIEWERS", "0"))
        return cls(name, Path(tree).resolve(), given, viewers)

    def apis(self, default: int) -> int:
        """How many APIs it has: `RINHA_API_COUNT`, which `rinha up` goes by, or else as many as all."""
        return int(self.settings.get("RINHA_API_COUNT", default))

    @property
    def token(self) -> dict[str, str]:
        """The headers that its lists ask for."""
        token = self.settings.get("RINHA_ADMIN_TOKEN")
        return {"Authorization": f"Bearer {token}"} if token else {}

    def environ(self, urls: Mapping[str, str], directory: Path) -> dict[str, str]:
        """The variables of all its processes.

        `durable` without a store has a journal of its own, gone after the round; one that is named stays, and grows.

        Args:
            urls: of the processors that it is to use, unless it names others.
            directory: for what it stores.
        """
        settings = {**SETTINGS, **self.settings}
        if settings["RINHA_ACCEPT"] == "durable" and not {"RINHA_STORE", "RINHA_STORE_FILE"} & set(settings):
            settings["RINHA_STORE"] = f"sqlite:///{directory / 'journal.db'}"
        path = {"PYTHONPATH": str(self.tree), "PYTHONSAFEPATH": "1"}
        return {**system_environ(urls, directory, **settings), **path}

    def api_environ(self, environ: Mapping[str, str], number: int) -> tuple[dict[str, str], str]:
        """What one API has instead, so that none takes another's place.

        Args:
            environ: of all.
            number: the API's, from 1.

        Returns:
            Its variables, and where it listens: a URL, or ``unix:`` and a path.
        """
        own = {**environ, "RINHA_API_NAME": f"{environ.get('RINHA_API_NAME', 'api')}-{number}"}
        if own["RINHA_HOST"].startswith("unix:"):
            own["RINHA_HOST"] += f"-{number}"
            return own, own["RINHA_HOST"]
        first = int(self.settings.get("RINHA_PORT", "0"))
        own["RINHA_PORT"] = str(first + number - 1 if first else free_port())
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(own["RINHA_HOST"], own["RINHA_HOST"])
        return own, f"http://{bracketed(host)}:{own['RINHA_PORT']}"
