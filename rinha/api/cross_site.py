"""Whether a page of another site sent a request.

A browser lets any page post anywhere, as long as the body passes for text, and doesn't ask before it does: without this
a page that somebody looks at could empty the books of a system that only they can reach. Browsers say who sent a
request, in headers that no page can set or leave out (https://www.w3.org/TR/fetch-metadata/, RFC 6454 7).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rinha.net.host import parse_authority

if TYPE_CHECKING:
    from collections.abc import Mapping

OWN_SITES = frozenset({"same-origin", "none"})
"""A page of ours, and the person at the browser. ``same-site`` is another port or host of the same domain: not ours."""

DEFAULT_PORTS = {"http": 80, "https": 443}


def is_cross_site(headers: Mapping[str, str]) -> bool:
    """Whether a page sent this that isn't of the origin it was sent to.

    What has neither ``Sec-Fetch-Site`` nor ``Origin`` was sent by no page: by curl, k6, or another service.

    Args:
        headers: of the request; names in any case.
    """
    site = headers.get("Sec-Fetch-Site")
    if site is not None:
        return site not in OWN_SITES
    origin = headers.get("Origin")
    return origin is not None and not _is_own(origin, headers.get("Host", ""))


def _is_own(origin: str, host: str) -> bool:
    """Whether an origin's host and port are those that the request names; ``null`` is nobody's."""
    scheme, _, authority = origin.partition("://")
    try:
        (its_host, its_port), (our_host, our_port) = parse_authority(authority), parse_authority(host)
    except ValueError:
        return False
    # Of the scheme we see nothing: before us TLS may have ended, so a port that isn't named is the one of theirs.
    default = DEFAULT_PORTS.get(scheme)
    return (its_host, its_port or default) == (our_host, our_port or default)
