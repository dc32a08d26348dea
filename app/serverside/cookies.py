"""The session of a request: read from its cookie, and set on answers where the browser has none yet."""

from functools import lru_cache
from typing import cast

from flask import Flask, Response, current_app, g, has_request_context, request
from werkzeug.http import parse_cookie

from app.pipeline.errors import StageboardError
from app.pipeline.session import COOKIE, IDLE_SECONDS, Session, Sessions

EXTENSION = "stageboard.session"
_KNOWN = "stageboard.known_session"


class Cookies:
    """Sessions of an app's requests. Safe for threads.

    Parameters
    ----------
    secret : str
        Signs the cookies; the same for every worker, at least 16 characters.
    idle : float
        Seconds after which a session that is not used ends.
    """

    def __init__(self, secret: str, idle: float = IDLE_SECONDS) -> None:
        self._sessions = Sessions(secret, idle)

    def attach(self, server: Flask) -> None:
        """Keep the session's cookie on an app's responses."""
        server.extensions[EXTENSION] = self
        server.after_request(self._set)

    def session(self) -> Session:
        """Return the session of the request that is being answered.

        Raises
        ------
        StageboardError
            Outside of a request, or where these cookies are not attached to its app: each would be a new session.
        """
        if not has_request_context() or current_app.extensions.get(EXTENSION) is not self:
            raise StageboardError("no session here: call attach(app.server) once, and use this within a callback.")
        if EXTENSION not in g:
            setattr(g, EXTENSION, self._sessions.open(_sent(request.environ.get("HTTP_COOKIE", ""))))
        return cast(Session, g.get(EXTENSION))

    def known(self) -> Session | None:
        """Return the request's session where the browser has its cookie already; sets none, so for shared answers."""
        session = g.get(EXTENSION)
        if session is None:
            if _KNOWN not in g:
                setattr(g, _KNOWN, self._sessions.open(_sent(request.environ.get("HTTP_COOKIE", ""))))
            session = g.get(_KNOWN)
        return None if session.fresh else cast(Session, session)

    def leave(self) -> Session:
        """End the request's session: the browser gets another one with this answer."""
        setattr(g, EXTENSION, self._sessions.fresh())
        return self.session()

    def _set(self, response: Response) -> Response:
        """Set or renew the cookie, on pages and where a session was used; never on shared, cacheable answers."""
        ours = EXTENSION in g or response.mimetype == "text/html"
        if ours and not response.cache_control.public and (self.session().fresh or self.session().due):
            response.set_cookie(
                COOKIE,
                self._sessions.cookie(self.session()),
                max_age=int(self._sessions.idle),
                httponly=True,
                samesite="Lax",
                secure=request.is_secure,
                path=request.script_root or "/",
            )
        return response


@lru_cache(512)  # of 8 kB at most; a browser sends the same for each of a hundred tiles, and parsing it takes 8 µs
def _sent(header: str) -> str | None:
    """Return our cookie from a request's header."""
    return parse_cookie(header).get(COOKIE)
