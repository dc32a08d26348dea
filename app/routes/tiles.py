"""``/tiles/<spec>/<z>/<x>/<y>``: encoded aggregate tiles, good for ever under their address."""

from contextlib import AbstractContextManager

from flask import Blueprint, Response, request
from isal import igzip

from app import asking
from app.pipeline.specs import Spec
from app.pipeline.tiles import is_empty
from app.pipeline.types import TileAddress, TileRect
from app.runtime import Runtime
from app.timing import server_timing

FOREVER = "public, max-age=31536000, immutable"


def blueprint(runtime: Runtime) -> Blueprint:
    """Return the route of tiles."""
    routes = Blueprint("tiles", __name__)

    @routes.get("/tiles/<spec>/<int:z>/<int:x>/<int:y>")
    def tile(spec: str, z: int, x: int, y: int) -> Response:
        """Answer with a tile's bytes; 204 where nothing is there, 409 where its view wants it no more."""
        asked, address, shown = Spec.parse(spec), TileAddress(z, x, y), asking.rect(z)
        with _while_wanted(runtime, spec, address, shown):
            data, events = runtime.tile(asked, address, shown)
        response = Response(status=204) if is_empty(data) else _body(data)
        response.headers["Cache-Control"] = FOREVER
        response.headers["Server-Timing"] = server_timing(events)
        return response

    return routes


def _while_wanted(
    runtime: Runtime, spec: str, tile: TileAddress, shown: TileRect | None
) -> AbstractContextManager[None]:
    """Note what the view that asks shows now, and return a context that stops what it no longer wants."""
    if asking.prefetch():
        return runtime.idle.only()
    lane = asking.lane()
    if lane and shown:
        runtime.lanes.enter(lane, spec, shown)
    return runtime.lanes.following(lane, spec, tile)


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
