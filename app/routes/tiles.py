"""``/tiles/<spec>/<z>/<x>/<y>``: encoded aggregate tiles, good for ever under their address."""

from contextlib import AbstractContextManager

from flask import Blueprint, Response

from app import asking
from app.pipeline.specs import Spec
from app.pipeline.tiles import is_empty
from app.pipeline.types import TileAddress, TileRect
from app.runtime import Runtime
from app.timing import server_timing

# Not a content encoding: browsers take four times as long to unpack one of those as the page itself does.
PACKED = "application/gzip"
FOREVER = "public, max-age=31536000, immutable"
# Of an upload: for the browser that sent it alone, and no longer than it takes to look at it.
PRIVATE = "private, max-age=3600"


def blueprint(runtime: Runtime) -> Blueprint:
    """Return the route of tiles."""
    routes = Blueprint("tiles", __name__)

    @routes.get("/tiles/<spec>/<int:z>/<int:x>/<int:y>")
    def tile(spec: str, z: int, x: int, y: int) -> Response:
        """Answer with a tile's bytes; 204 where nothing is there, 409 where its view wants it no more."""
        asked, address, shown = Spec.parse(spec), TileAddress(z, x, y), asking.rect(z)
        with _while_wanted(runtime, spec, address, shown):
            data, events = runtime.tile(asked, address, shown)
        response = Response(status=204) if is_empty(data) else Response(data, mimetype=PACKED)
        response.headers["Cache-Control"] = FOREVER if runtime.shared(asked.dataset) else PRIVATE
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
