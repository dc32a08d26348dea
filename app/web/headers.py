"""The headers of every answer: what a browser may do with it.

Owns the content security policy. Scripts run from our own files and where their text's hash is listed; never from a
string (no ``unsafe-eval``), never inline. Styles may stand inline, because Mantine, Leaflet and plotly.js write
``<style>`` elements and ``style`` attributes that nobody can list ahead.
"""

from base64 import b64encode
from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from app.ui.basemaps import BASE_MAPS

if TYPE_CHECKING:
    from types import TracebackType

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    ExcInfo = tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None]

Header = tuple[str, str]

ALWAYS: Final[tuple[Header, ...]] = (
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "SAMEORIGIN"),
    ("Referrer-Policy", "strict-origin-when-cross-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()"),
)

# Pictures and data that are opened by themselves run nothing; a browser lays out a picture by a style of its own.
PASSIVE: Final[Header] = (
    "Content-Security-Policy",
    "default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'; frame-ancestors 'self'",
)


def policy(script_hashes: Sequence[str]) -> str:
    """Return the content security policy of a page.

    Parameters
    ----------
    script_hashes : sequence of str
        Of the inline scripts that may run, in quotes: ``'sha256-…'``.
    """
    rules = {
        "default-src": ("'none'",),
        "script-src": ("'self'", *script_hashes),
        "style-src": ("'self'", "'unsafe-inline'"),
        "img-src": ("'self'", "data:", "blob:", *map_hosts()),
        "font-src": ("'self'",),
        "connect-src": ("'self'",),
        "base-uri": ("'none'",),
        "form-action": ("'self'",),
        "frame-ancestors": ("'self'",),
    }
    return "; ".join(" ".join((name, *sources)) for name, sources in rules.items())


def script_hash(text: str) -> str:
    """Return the source that lets an inline script of exactly this text run.

    Examples
    --------
    >>> script_hash("")
    "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"
    """
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def map_hosts() -> tuple[str, ...]:
    """Return the origins that the online base maps load their pictures from.

    Examples
    --------
    >>> "https://tile.openstreetmap.org" in map_hosts()
    True
    """
    addresses = (urlsplit(str(one.browser()["url"])) for one in BASE_MAPS if one.provider)
    # A browser may name any of a provider's mirrors: {s} is a letter.
    origins = {f"{one.scheme}://{one.netloc.replace('{s}', '*')}" for one in addresses}
    return tuple(sorted(origins))


class Guarded:
    """Add the headers to all that an application answers.

    Parameters
    ----------
    app : WSGI application
    scripts : callable
        Returns the hashes of the inline scripts that a page may run now.

    Notes
    -----
    A middleware, since Flask's own hooks see neither an answer that failed, nor cost as little: 1 µs a tile.
    """

    def __init__(self, app: "WSGIApplication", scripts: Callable[[], Sequence[str]]) -> None:
        self.app = app
        self.scripts = scripts

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer a request."""

        def start(status: str, headers: list[Header], error: "ExcInfo | None" = None) -> Callable[[bytes], Any]:
            page = any(name == "Content-Type" and value.startswith("text/html") for name, value in headers)
            own = ("Content-Security-Policy", policy(self.scripts())) if page else PASSIVE
            return start_response(status, [*headers, *ALWAYS, own], error)

        return self.app(environ, start)
