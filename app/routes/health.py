"""``/health`` and ``/ready``: what an operator's probes read."""

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

    @routes.get("/ready")
    def ready() -> Response:
        """Answer with 200 once users need not wait for this worker, 503 before; say where the store is degraded."""
        warm = runtime.warmed.is_set()
        reasons = runtime.reasons()
        state = ("degraded" if reasons else "ready") if warm else "kernels are being compiled: ask again in a moment"
        response = jsonify({"status": state, "reasons": reasons})
        response.status_code = 200 if warm else 503
        response.headers["Cache-Control"] = "no-store"
        if not warm:
            response.headers["Retry-After"] = "1"
        return response

    return routes
