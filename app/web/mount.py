"""Where the app stands: the path that it is mounted under, and the proxies before it that are believed.

Owns what of a request is taken from its environment's path and from forwarded headers. Believes no header that the
operator did not vouch for by the setting ``proxies``.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from flask import Flask, abort, request
from werkzeug.middleware.proxy_fix import ProxyFix

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PROBES: Final = frozenset({"/health", "/ready", "/metrics"})
"""Answered without the prefix as well: probes ask the server itself, behind the proxy."""

_OUTSIDE: Final = "stageboard.outside"


class Mount:
    """Serve an application under a path.

    Parameters
    ----------
    app : WSGI application
        Sees addresses without the path, which becomes its ``SCRIPT_NAME``.
    root : str
        Such as ``/maps``, without a slash at its end.
    """

    def __init__(self, app: "WSGIApplication", root: str) -> None:
        self.app = app
        self.root = root

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer a request."""
        path = environ.get("PATH_INFO", "")
        if path == self.root or path.startswith(f"{self.root}/"):
            environ["PATH_INFO"] = path.removeprefix(self.root) or "/"
        else:
            environ[_OUTSIDE] = path not in PROBES
        environ["SCRIPT_NAME"] = self.root
        return self.app(environ, start_response)


def mount(server: Flask, prefix: str, proxies: int) -> None:
    """Serve an app under a path and behind proxies.

    Parameters
    ----------
    server : Flask
    prefix : str
        Begins and ends with a slash. Proxies hand it on: an address outside it is missing.
    proxies : int
        How many proxies stand before the app, each of which adds to ``X-Forwarded-For``, ``-Proto`` and ``-Host``.
        With 0 these headers are anybody's words, and ignored.
    """
    root = prefix.rstrip("/")
    if root:
        server.wsgi_app = Mount(server.wsgi_app, root)  # type: ignore[method-assign]
        server.before_request(_refuse_outside)
    if proxies:
        server.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            server.wsgi_app, x_for=proxies, x_proto=proxies, x_host=proxies
        )


def _refuse_outside() -> None:
    if request.environ.get(_OUTSIDE):
        abort(404, f"there is nothing here: this app is served under {request.script_root}/.")
