"""``/geo/<name>.json``: coastlines, borders and labels for the offline base map, packed once a process."""

from functools import cache
from pathlib import Path

from flask import Blueprint, Response, abort, request
from isal import igzip

from app.runtime import Runtime

FOLDER = Path(__file__).parent.parent / "assets" / "geo"
NAMES = frozenset(one.stem for one in FOLDER.glob("*.json"))


def blueprint(_: Runtime) -> Blueprint:
    """Return the route of geography."""
    routes = Blueprint("geography", __name__)

    @routes.get("/geo/<name>.json")
    def geography(name: str) -> Response:
        """Answer with a file of the package, packed where the client takes gzip."""
        if name not in NAMES:
            abort(404, f"no geography named {name[:80]!r}. Known: {', '.join(sorted(NAMES))}.")
        packed = request.accept_encodings["gzip"] > 0
        body = _packed(name) if packed else (FOLDER / f"{name}.json").read_bytes()
        response = Response(body, mimetype="application/json")
        # The package's files change only with its version: a day is long enough, and short enough.
        response.headers.update({"Cache-Control": "public, max-age=86400", "Vary": "Accept-Encoding"})
        if packed:
            response.headers["Content-Encoding"] = "gzip"
        return response

    return routes


@cache
def _packed(name: str) -> bytes:
    return bytes(igzip.compress((FOLDER / f"{name}.json").read_bytes(), compresslevel=2, mtime=0))
