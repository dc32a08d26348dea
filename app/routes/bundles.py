"""``/assets/bundle-<digest>.<css or js>``: the page's own styles and scripts, each kind as one file."""

from flask import Blueprint, Response

from app.runtime import Runtime
from app.ui.bundle import Kind, bundle

TYPES: dict[Kind, str] = {"css": "text/css", "js": "text/javascript"}
FOREVER = "public, max-age=31536000, immutable"


def blueprint(_: Runtime) -> Blueprint:
    """Return the route of bundles."""
    routes = Blueprint("bundles", __name__)

    # Beside the fonts, which the styles name relative to themselves.
    @routes.get("/assets/bundle-<digest>.<any(css, js):kind>")
    def bundled(digest: str, kind: Kind) -> Response:
        """Answer with a bundle; where its page is of another version, with today's, not to be kept."""
        name, text = bundle(kind)
        response = Response(text, mimetype=TYPES[kind])
        response.headers["Cache-Control"] = FOREVER if name == f"bundle-{digest}.{kind}" else "no-store"
        return response

    return routes
