"""``/values/<spec>/<z>/<x>/<y>``: what one pixel holds, with the digits that its tile has lost."""

from math import isfinite, isnan

from flask import Blueprint, Response, jsonify

from app import asking
from app.pipeline.specs import Spec
from app.pipeline.types import TileAddress
from app.pipeline.world import TILE
from app.runtime import Runtime

# Nobody else asks for the same pixel.
KEPT = "private, max-age=3600"


def blueprint(runtime: Runtime) -> Blueprint:
    """Return the route of values."""
    routes = Blueprint("values", __name__)

    @routes.get("/values/<spec>/<int:z>/<int:x>/<int:y>")
    def value(spec: str, z: int, x: int, y: int) -> Response:
        """Answer with the numbers of a pixel, by column and row, one a plane; 409 where its view wants it no more."""
        asked, tile = Spec.parse(spec), TileAddress(z, x // TILE, y // TILE)
        with runtime.lanes.following(asking.lane(), spec, tile):
            found = runtime.values(asked, z, x, y)
        response = jsonify(values=[_shown(one) for one in found])
        response.headers["Cache-Control"] = KEPT
        return response

    return routes


def _shown(value: float) -> float | str | None:
    """Return a number as JSON can have it: null where nothing is, and what is infinite as JavaScript reads it."""
    if isfinite(value):
        return value
    return None if isnan(value) else "Infinity" if value > 0 else "-Infinity"
