"""A worker of `app.web.patience` in a hurry, and an application that says how much it was sent."""

from collections.abc import Iterable
from typing import Any

from app.web.patience import Worker


class Hurried(Worker):
    patience = 1.5
    body_bytes = 1000


def answer(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Read the body, unless it is none of the application's."""
    refused = int(environ.get("CONTENT_LENGTH") or 0) > 1000 and "uploads" not in environ["PATH_INFO"]
    text = b"" if refused else str(len(environ["wsgi.input"].read())).encode()
    status = "413 Content Too Large" if refused else "200 OK"
    start_response(status, [("Content-Length", str(len(text)))])
    return [text]
