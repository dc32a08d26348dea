"""``/health``: what an operator's probe reads."""

from flask import Blueprint, Response, jsonify

from app.runtime import Runtime


def blueprint(runtime: Runtime) -> Blueprint:
    """Return the route of health."""
    routes = Blueprint("health", __name__)

    @routes.get("/health")
    def health() -> Response:
        """Answer with status, version, data sets and store."""
        response = jsonify(runtime.health())
        response.headers["Cache-Control"] = "no-store"
        return response

    return routes
