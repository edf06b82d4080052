"""``GET /dashboard`` and its files: the page that shows ``GET /overview``, as it lies in ``rinha/api/dashboard``."""

from __future__ import annotations

from hashlib import blake2b
from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple

from rinha.api import problems

if TYPE_CHECKING:
    from aiohttp import web

    from rinha.api.replies import Replies

CONTENT_TYPES = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
HEADERS = {
    # Nothing from elsewhere, no script or style in the page itself, nobody's frame.
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    # Asked for again each time, and answered with 304: a new version is never mixed with an old one.
    "Cache-Control": "no-cache",
}
INDEX = "index.html"


class _File(NamedTuple):
    body: bytes
    headers: dict[str, str]


class DashboardHandlers:
    """Serves the page, which is read once.

    Args:
        replies: makes the responses.
    """

    def __init__(self, replies: Replies) -> None:
        self._replies = replies
        self._files = {
            each.name: _read(each.name, each.read_bytes())
            for each in files("rinha.api").joinpath("dashboard").iterdir()
            if each.name.rpartition(".")[2] in CONTENT_TYPES
        }

    async def get_page(self, request: web.BaseRequest) -> web.StreamResponse:
        """``GET /dashboard``."""
        return self._answer(request, self._files[INDEX])

    async def get_file(self, request: web.BaseRequest) -> web.StreamResponse:
        """``GET /dashboard/<name>``."""
        name = request.path.rpartition("/")[2]
        file = self._files.get(name)
        if file is None:
            return self._replies.problem(problems.NOT_FOUND, f"The page has no file {problems.shorten(name)}.")
        return self._answer(request, file)

    def _answer(self, request: web.BaseRequest, file: _File) -> web.StreamResponse:
        if request.headers.get("If-None-Match") == file.headers["ETag"]:
            return self._replies.file(b"", file.headers, status=304)
        return self._replies.file(file.body, file.headers)


def _read(name: str, body: bytes) -> _File:
    tag = blake2b(body, digest_size=12).hexdigest()
    kind = CONTENT_TYPES[name.rpartition(".")[2]]
    return _File(body, {"Content-Type": kind, "ETag": f'"{tag}"', **HEADERS})
