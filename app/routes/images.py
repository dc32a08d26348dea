"""``/image/<data set>/<plot>.png``: views shaded on the server, for thumbnails, export, and readers without scripts."""

import re

import numpy as np
from flask import Blueprint, Response, request

from app.pipeline import png
from app.pipeline.controls import opening
from app.pipeline.errors import ParameterError, unknown
from app.pipeline.palettes import GROUNDS
from app.pipeline.world import MAX_Z, PixelRect
from app.runtime import Runtime
from app.timing import server_timing

SIZE = (960, 600)
MOST_SIDE = 4096
_VIEW = re.compile(r"(\d{1,2}),(-?\d{1,12}),(-?\d{1,12})")


def blueprint(runtime: Runtime) -> Blueprint:
    """Return the route of images."""
    routes = Blueprint("images", __name__)

    @routes.get("/image/<dataset>/<plot>.png")
    def image(dataset: str, plot: str) -> Response:
        """Answer with a PNG, transparent where empty; checked again by its tag when the data may have changed."""
        given = request.args.to_dict()
        width, height = _side(given, "width", SIZE[0]), _side(given, "height", SIZE[1])
        rect, ground = _view(given, width, height), _ground(given)
        shown = runtime.plot(dataset, plot)
        controls = opening(shown).changed(shown, given)
        if not runtime.ready(shown):
            return _later()
        data, events = runtime.image(shown, controls, width, height, rect, ground)
        response = Response(data, mimetype="image/png")
        response.headers["Cache-Control"] = "public, no-cache" if runtime.shared(dataset) else "private, no-cache"
        response.headers["Server-Timing"] = server_timing(events)
        response.add_etag()
        response.make_conditional(request)
        return response

    return routes


def _later() -> Response:
    """Answer for a plot that must be prepared first, which can take minutes: one clear pixel, to be asked for again."""
    response = Response(png.indexed(np.zeros((1, 1), np.uint8), np.zeros((0, 3), np.uint8)), 202, mimetype="image/png")
    response.headers.update({"Cache-Control": "no-store", "Retry-After": "10"})
    return response


def _side(given: dict[str, str], name: str, default: int) -> int:
    text = given.pop(name, str(default))
    if not text.isdecimal() or not 1 <= int(text) <= MOST_SIDE:
        raise ParameterError(f"{name} {text[:40]!r} is not a whole number from 1 to {MOST_SIDE}.")
    return int(text)


def _view(given: dict[str, str], width: int, height: int) -> PixelRect | None:
    """Take what is in view to the pixel, so that no rounding can move it: a page says it so; people give bounds."""
    text = given.pop("view", None)
    if text is None:
        return None
    if "bounds" in given:
        raise ParameterError("view and bounds both say what is in view: give one of them.")
    match = _VIEW.fullmatch(text)
    z, x0, y0 = map(int, match.groups()) if match else (-1, 0, 0)
    if not 0 <= z <= MAX_Z:
        raise ParameterError(f"view {text[:40]!r} is not Z,X0,Y0: a zoom, 0 to {MAX_Z}, and a corner in pixels.")
    return PixelRect(z, x0, x0 + width, y0, y0 + height)


def _ground(given: dict[str, str]) -> str:
    text = given.pop("ground", "")
    if text and text not in GROUNDS:
        raise unknown("ground", text[:40], GROUNDS)
    return text
