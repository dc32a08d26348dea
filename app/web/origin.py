"""Whose page asks: what changes something is done for our own pages, and for programs, alone.

A browser sends a session's cookie along with what other sites make it send. It also says which page asks, in headers
that no page can change; what they say must be this very host. The cookie's ``SameSite=Lax`` is the second line.
"""

from typing import Final
from urllib.parse import urlsplit

from flask import Flask, abort, request

SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
_PORTS: Final = {"http": ":80", "https": ":443"}


def check_origins(server: Flask) -> None:
    """Refuse by 403 what would change something, where it is asked for by a page of another origin."""
    server.before_request(_check)


def _check() -> None:
    if request.method not in SAFE and not _ours():
        abort(
            403,
            f"a page of another address than {request.host} asked for this: open Stageboard itself. "
            "Behind a proxy, set STAGEBOARD_PROXIES, and let it hand the host on.",
        )


def _ours() -> bool:
    """Whether a request comes from a page of ours, or from a program that carries nobody's session.

    Notes
    -----
    ``Sec-Fetch-Site`` is the browser's own verdict, so that it comes first: ``none`` is the user's own doing. Then
    ``Origin``, then ``Referer``. Every browser sends one of them: where all are missing, so must the cookies be.

    References
    ----------
    OWASP, Cross-Site Request Forgery Prevention Cheat Sheet: "Fetch Metadata headers", "Verifying origin with
    standard headers".
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in ("same-origin", "none")
    said = request.headers.get("Origin") or request.headers.get("Referer")
    return _is_host(said) if said else not request.cookies


def _is_host(address: str) -> bool:
    """Whether an address is of the host that is asked; a proxy may have ended TLS, so that the scheme may differ."""
    try:
        found = urlsplit(address)
    except ValueError:
        return False
    port = _PORTS.get(found.scheme, "")
    return found.netloc.lower().removesuffix(port) == request.host.lower().removesuffix(port) != ""
