"""``/tiles/<spec>/<z>/<x>/<y>``: encoded aggregate tiles, good for ever under their address."""

import re

from flask import Blueprint, Response, request
from isal import igzip

from app.pipeline.errors import ParameterError
from app.pipeline.specs import Spec
from app.pipeline.tiles import is_empty
from app.pipeline.types import TileAddress, TileRect
from app.runtime import Runtime
from app.timing import server_timing

FOREVER = "public, max-age=31536000, immutable"
VIEW = "Stageboard-View"
_RECT = re.compile(r"(\d{1,8}),(\d{1,8}),(\d{1,8}),(\d{1,8})")


def blueprint(runtime: Runtime) -> Blueprint:
    """Return the route of tiles."""
    routes = Blueprint("tiles", __name__)

    @routes.get("/tiles/<spec>/<int:z>/<int:x>/<int:y>")
    def tile(spec: str, z: int, x: int, y: int) -> Response:
        """Answer with a tile's bytes; 204 where nothing is there."""
        asked = Spec.parse(spec)
        data, events = runtime.tile(asked, TileAddress(z, x, y), _rect(z))
        response = Response(status=204) if is_empty(data) else _body(data)
        response.headers["Cache-Control"] = FOREVER
        response.headers["Server-Timing"] = server_timing(events)
        return response

    return routes


def _body(data: bytes) -> Response:
    """Return stored bytes as they are, or unpacked for a client that does not take gzip."""
    packed = request.accept_encodings["gzip"] > 0
    # igzip has no types.
    body = data if packed else bytes(igzip.decompress(data))  # type: ignore[no-untyped-call]
    response = Response(body, mimetype="application/octet-stream")
    response.headers["Vary"] = "Accept-Encoding"
    if packed:
        response.headers["Content-Encoding"] = "gzip"
    return response


def _rect(z: int) -> TileRect | None:
    """Read what else the view needs: ``x0,x1,y0,y1``, columns and rows of tiles, half-open."""
    text = request.headers.get(VIEW)
    if text is None:
        return None
    match = _RECT.fullmatch(text)
    if not match:
        raise ParameterError(f"{VIEW} {text[:80]!r} is not x0,x1,y0,y1 in tiles.")
    return TileRect(z, *map(int, match.groups()))
