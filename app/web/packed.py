"""Scripts and styles as they go over the wire: packed once, and kept in memory.

They are most of what a first visit loads. Dash reads each file anew for every visitor, and sends it as it is.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

from dash import Dash
from dash.fingerprint import check_fingerprint
from flask import Response, request
from isal import igzip

FOREVER: Final = "public, max-age=31536000, immutable"
_LEVEL: Final = 3
"""Of isal: a megabyte of script in 12 ms, to 28 %."""


class Packed(NamedTuple):
    """A file, as it is and packed.

    Parameters
    ----------
    mimetype : str
    plain, gzip : bytes
    """

    mimetype: str
    plain: bytes
    gzip: bytes

    def answer(self, keep: str) -> Response:
        """Return the answer to the request at hand; ``keep`` says how long it may be kept."""
        packed = bool(request.accept_encodings["gzip"])
        response = Response(self.gzip if packed else self.plain, mimetype=self.mimetype)
        response.headers["Cache-Control"] = keep
        response.headers["Vary"] = "Accept-Encoding"
        if packed:
            response.headers["Content-Encoding"] = "gzip"
        return response


def pack(content: bytes, mimetype: str) -> Packed:
    """Return a file's content in both forms."""
    return Packed(mimetype, content, igzip.compress(content, _LEVEL, mtime=0))


def pack_suites(app: Dash) -> None:
    """Serve the scripts of Dash and of its components packed, where their names change with their content.

    Parameters
    ----------
    app : dash.Dash
        With its routes.
    """
    endpoint = next(name for name in app.server.view_functions if "_dash-component-suites" in name)
    serve: Callable[..., Response] = app.server.view_functions[endpoint]

    # As many as there are registered files, whatever version a name tells: any other raises, and is not kept.
    held: dict[tuple[str, str], Packed] = {}

    def suites(package_name: str, fingerprinted_path: str) -> Response:
        path, named = check_fingerprint(fingerprinted_path)
        if not named:
            return serve(package_name=package_name, fingerprinted_path=fingerprinted_path)
        if (package_name, path) not in held:
            # By its full name: by the bare one Dash answers 304, without content, to who says to have it.
            found = serve(package_name=package_name, fingerprinted_path=fingerprinted_path)
            held[package_name, path] = pack(found.get_data(), found.mimetype or "text/javascript")
        return held[package_name, path].answer(FOREVER)

    app.server.view_functions[endpoint] = suites
