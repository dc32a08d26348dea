"""``/assets/bundle-<digest>.<css, js or worker>``: the page's own styles and scripts, each kind as one file."""

from functools import cache

from flask import Blueprint, Response

from app.runtime import Runtime
from app.ui.bundle import Kind, bundle
from app.web.packed import FOREVER, Packed, pack

TYPES: dict[Kind, str] = {"css": "text/css", "js": "text/javascript", "worker": "text/javascript"}


def blueprint(_: Runtime) -> Blueprint:
    """Return the route of bundles."""
    routes = Blueprint("bundles", __name__)

    # Beside the fonts, which the styles name relative to themselves.
    @routes.get("/assets/bundle-<digest>.<any(css, js, worker):kind>")
    def bundled(digest: str, kind: Kind) -> Response:
        """Answer with a bundle; where its page is of another version, with today's, not to be kept."""
        current = bundle(kind).name == f"bundle-{digest}.{kind}"
        return _packed(kind).answer(FOREVER if current else "no-store")

    return routes


@cache
def _packed(kind: Kind) -> Packed:
    return pack(bundle(kind).text.encode(), TYPES[kind])
