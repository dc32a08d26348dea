"""``POST /lanes/<spec>/<z>``: what a view shows now, where it needs no tile that would say so.

So that the server stops what the view gave up. Headers say it all, as for tiles; no body is read. Only the session's
own lanes can be named, and a page of another origin can send neither its cookie nor these headers.
"""

from flask import Blueprint, Response

from app import asking
from app.pipeline.specs import Spec
from app.runtime import Runtime


def blueprint(runtime: Runtime) -> Blueprint:
    """Return the route of lanes."""
    routes = Blueprint("lanes", __name__)

    @routes.post("/lanes/<spec>/<int:z>")
    def wish(spec: str, z: int) -> Response:
        """Note the wish; a view that shows ``0,0,0,0`` wants nothing."""
        shown, lane = asking.rect(z), asking.lane()
        if shown and lane:
            runtime.lanes.enter(lane, str(Spec.parse(spec)), shown)
        return Response(status=204, mimetype="text/plain", headers={"Cache-Control": "no-store"})

    return routes
