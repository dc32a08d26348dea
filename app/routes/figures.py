"""``/image/<token>.png``: what a figure's token stands for, for the session that it was made for."""

from flask import Blueprint, Response, request

from app import serverside
from app.pipeline.controls import read_control
from app.pipeline.opacity import faded
from app.runtime import Runtime
from app.timing import server_timing


def blueprint(_: Runtime) -> Blueprint:
    """Return the route of figures' pictures."""
    routes = Blueprint("figures", __name__)

    @routes.get("/image/<token>.png")
    def figure(token: str) -> Response:
        """Answer with a PNG, transparent where empty. A token names it for good, but to one session alone.

        The data's opacity is a parameter of the address: it is of no stage, so no token knows of it.
        """
        opacity = read_control("data_opacity", request.args.get("data_opacity", "100"))
        given = serverside.current().redeem(token, "encode")
        response = Response(faded(given.value, opacity), mimetype="image/png")
        response.headers["Cache-Control"] = "private, max-age=86400, immutable"
        response.headers["Server-Timing"] = server_timing(given.events)
        return response

    return routes
