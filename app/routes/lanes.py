"""``POST /lanes/<spec>/<z>``, ``POST /lanes``: what a view shows now, where it needs no tile that would say so.

So that the server stops what the view gave up; the second for a view that wants nothing any more. Headers say it all,
as for tiles; no body is read. Only the session's own lanes can be named, and a page of another origin can send neither
its cookie nor these headers.
"""

from flask import Blueprint, Response

from app import asking
from app.pipeline.lanes import NOTHING
from app.pipeline.specs import Spec
from app.pipeline.types import TileRect
from app.runtime import Runtime


def blueprint(runtime: Runtime) -> Blueprint:
    """Return the route of lanes."""
    routes = Blueprint("lanes", __name__)

    @routes.post("/lanes/<spec>/<int:z>")
    def wish(spec: str, z: int) -> Response:
        """Note the tiles that a view wants."""
        return _noted(runtime, str(Spec.parse(spec)), asking.rect(z))

    @routes.post("/lanes")
    def nothing() -> Response:
        """Note that a view wants nothing."""
        return _noted(runtime, "", NOTHING)

    return routes


def _noted(runtime: Runtime, spec: str, shown: TileRect | None) -> Response:
    lane = asking.lane()
    if lane and shown:
        runtime.lanes.enter(lane, spec, shown)
    return Response(status=204, mimetype="text/plain", headers={"Cache-Control": "no-store"})
