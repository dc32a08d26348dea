"""``/events/<data set>/<plot>``: the progress of a plot that is being prepared, as server-sent events."""

import json
from collections.abc import Iterator

from flask import Blueprint, Response

from app.pipeline.errors import StageboardError
from app.pipeline.types import Plot
from app.runtime import Runtime


def blueprint(runtime: Runtime) -> Blueprint:
    """Return the route of events."""
    routes = Blueprint("events", __name__)

    # dash_extensions.SSE posts when it is given a payload, and gets otherwise.
    @routes.route("/events/<dataset>/<plot>", methods=["GET", "POST"])
    def events(dataset: str, plot: str) -> Response:
        """Begin to prepare a plot, or join who waits for it, and report until it is ready."""
        body = _report(runtime, runtime.plot(dataset, plot))
        return Response(body, mimetype="text/event-stream", headers={"Cache-Control": "no-store"})

    @routes.delete("/events/<dataset>/<plot>")
    def stop(dataset: str, plot: str) -> Response:
        """Stop preparing a plot, for all who wait for it; 204, also where nothing was under way."""
        runtime.stop_preparing(runtime.plot(dataset, plot))
        return Response(status=204)

    return routes


def _report(runtime: Runtime, plot: Plot) -> Iterator[str]:
    """Yield one event a change: ``fraction``, ``message``, ``done``, and ``error`` where it failed."""
    try:
        for fraction, message in runtime.prepare(plot):
            yield _event({"fraction": round(fraction, 3), "message": message, "done": message == "done"})
    except StageboardError as error:
        yield _event({"fraction": 1, "message": str(error), "done": True, "error": str(error)})


def _event(body: dict[str, object]) -> str:
    return f"data: {json.dumps(body)}\n\n"
