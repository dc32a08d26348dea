"""``/image/<data set>/<plot>.png``: views shaded on the server, for thumbnails, export, and readers without scripts."""

import numpy as np
from flask import Blueprint, Response, request

from app.pipeline import png
from app.pipeline.controls import opening
from app.pipeline.errors import ParameterError
from app.runtime import Runtime
from app.timing import server_timing

SIZE = (960, 600)
MOST_SIDE = 4096


def blueprint(runtime: Runtime) -> Blueprint:
    """Return the route of images."""
    routes = Blueprint("images", __name__)

    @routes.get("/image/<dataset>/<plot>.png")
    def image(dataset: str, plot: str) -> Response:
        """Answer with a PNG, transparent where empty; checked again by its tag when the data may have changed."""
        given = request.args.to_dict()
        width, height = _side(given, "width", SIZE[0]), _side(given, "height", SIZE[1])
        shown = runtime.plot(dataset, plot)
        controls = opening(shown).changed(shown, given)
        if not runtime.ready(shown):
            return _later()
        data, events = runtime.image(shown, controls, width, height)
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
