"""What a request says beside its address: the tiles that its view shows, its view's lane, and that it can wait."""

import re

from flask import request

from app import serverside
from app.pipeline.errors import ParameterError
from app.pipeline.lanes import Lane
from app.pipeline.types import TileRect

VIEW = "Stageboard-View"
LANE = "Stageboard-Lane"
PREFETCH = "Stageboard-Prefetch"
_RECT = re.compile(r"(\d{1,8}),(\d{1,8}),(\d{1,8}),(\d{1,8})")


def rect(z: int) -> TileRect | None:
    """Read what the view shows: ``x0,x1,y0,y1``, columns and rows of tiles, half-open; None where it is not said.

    Raises
    ------
    ParameterError
        For anything else.
    """
    text = request.headers.get(VIEW)
    if text is None:
        return None
    match = _RECT.fullmatch(text)
    if not match:
        raise ParameterError(f"{VIEW} {text[:80]!r} is not x0,x1,y0,y1 in tiles.")
    return TileRect(z, *map(int, match.groups()))


def lane(text: str | None = None) -> Lane | None:
    """Read the lane of the view that asks; None where none is named, or the browser has no session yet.

    Parameters
    ----------
    text : str, optional
        ``{name}.{generation}``; without it, the request's header.

    Raises
    ------
    ParameterError
        For anything else.
    """
    text = request.headers.get(LANE) if text is None else text
    if text is None:
        return None
    session = serverside.current().known_session()
    found = Lane.parse(session.id if session else "", text)
    return found if session else None


def prefetch() -> bool:
    """Whether the request is for what may be wanted later: it can wait until the server is idle."""
    return request.headers.get(PREFETCH) == "1"
