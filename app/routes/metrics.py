"""``/metrics``: what all workers did, in Prometheus' text format."""

from flask import Blueprint, Response
from prometheus_client import CONTENT_TYPE_LATEST

from app.runtime import Runtime
from app.web.metrics import current


def blueprint(_: Runtime) -> Blueprint:
    """Return the route of metrics."""
    routes = Blueprint("metrics", __name__)

    @routes.get("/metrics")
    def metrics() -> Response:
        """Answer with the sums over all workers."""
        return Response(current().text(), content_type=CONTENT_TYPE_LATEST, headers={"Cache-Control": "no-store"})

    return routes
