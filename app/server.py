"""Assembles the app, and nothing else. The one place that turns errors into HTTP statuses and sentences."""

import logging
import re
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, Final, cast

import dash
from dash import Dash, set_props
from dash.exceptions import DependencyException
from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import HTTPException, TooManyRequests

from app import calls
from app.pipeline import errors
from app.pipeline.session import DAY
from app.routes.registry import BLUEPRINTS
from app.runtime import EXTENSION, Runtime, current
from app.serverside import Serverside
from app.settings import Settings
from app.ui import shell
from app.ui.bundle import SOURCES, WORKERS
from app.ui.explorer_page import first_picture
from app.ui.notices import document, notice, toast
from app.web.document import draw_early
from app.web.headers import Guarded, script_hash
from app.web.journal import keep_journal, shown_path, trace
from app.web.limits import limit_rates
from app.web.metrics import Metrics
from app.web.mount import mount
from app.web.origin import check_origins
from app.web.packed import pack_suites

_LOG = logging.getLogger(__name__)

# The first class that fits wins: the particular before the general.
STATUS: Final[tuple[tuple[type[Exception], HTTPStatus], ...]] = (
    (errors.UnknownNameError, HTTPStatus.NOT_FOUND),
    (errors.StaleError, HTTPStatus.NOT_FOUND),
    (errors.DataMissingError, HTTPStatus.NOT_FOUND),
    (errors.DataError, HTTPStatus.UNPROCESSABLE_ENTITY),
    (errors.ParameterError, HTTPStatus.BAD_REQUEST),
    (errors.TokenError, HTTPStatus.FORBIDDEN),
    (errors.SupersededError, HTTPStatus.CONFLICT),
    (errors.BusyError, HTTPStatus.ACCEPTED),
    (errors.StoppedError, HTTPStatus.CONFLICT),
    (errors.TooLargeError, HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
    (errors.QuotaError, HTTPStatus.INSUFFICIENT_STORAGE),
    (errors.StoreError, HTTPStatus.SERVICE_UNAVAILABLE),
)
_TITLES: Final = {
    HTTPStatus.BAD_REQUEST: "That value does not work here",
    HTTPStatus.FORBIDDEN: "That is not yours to open",
    HTTPStatus.NOT_FOUND: "There is nothing here",
    HTTPStatus.CONFLICT: "Another view came after this one",
    HTTPStatus.TOO_MANY_REQUESTS: "That was too much at once",
    HTTPStatus.UNPROCESSABLE_ENTITY: "That file cannot be explored",
}
# Dash's own error names every file that it serves.
_NO_SCRIPT: Final = "no such script or style is served here: reload the page."
_FAULT: Final = "Something went wrong on the server; its log has the details{}. Try again, or choose another view."


def explain(error: Exception) -> tuple[HTTPStatus, str, str]:
    """Return the status, title and one sentence that a user gets for an error.

    Parameters
    ----------
    error : Exception

    Returns
    -------
    status : HTTPStatus
    title, sentence : str
        Never a traceback, nor the text of an error that was not raised on purpose.
    """
    if isinstance(error, HTTPException):
        status, sentence = HTTPStatus(error.code or 500), str(error.description)
    elif isinstance(error, errors.StageboardError):
        status = next((code for kind, code in STATUS if isinstance(error, kind)), HTTPStatus.INTERNAL_SERVER_ERROR)
        sentence = str(error)
    elif isinstance(error, DependencyException):
        status, sentence = HTTPStatus.NOT_FOUND, _NO_SCRIPT
    else:
        status, sentence = HTTPStatus.INTERNAL_SERVER_ERROR, _FAULT.format(f" under {trace()}" if trace() else "")
    return status, _TITLES.get(status, "That did not work"), sentence


def _answer(error: Exception) -> Response:
    status, title, sentence = explain(error)
    if status == HTTPStatus.INTERNAL_SERVER_ERROR:
        _LOG.error("%s %s failed", request.method, shown_path(request.path), exc_info=error)
    if "text/html" in request.headers.get("Accept", ""):
        body = Response(document(title, sentence, shell.SCHEME), mimetype="text/html")
    else:
        body = jsonify(error=sentence)
    body.status_code = status
    body.headers["Cache-Control"] = "no-store"
    if isinstance(error, TooManyRequests):
        body.headers["Retry-After"] = str(error.retry_after)
    if status in (HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.ACCEPTED):
        body.headers["Retry-After"] = "1"
    return body


def answer_errors(server: Flask) -> None:
    """Let a Flask app answer every error with its status and one sentence: a page to a browser, JSON to a program."""
    server.register_error_handler(Exception, _answer)


def _on_callback_error(error: Exception) -> Any:
    """Say what failed: in the page's place where the page itself did, else in passing."""
    status, title, sentence = explain(error)
    if status == HTTPStatus.INTERNAL_SERVER_ERROR:
        _LOG.error("a callback failed", exc_info=error)
    outputs = dash.ctx.outputs_list
    if isinstance(outputs, list) and any(one.get("id") == "_pages_content" for one in outputs if isinstance(one, dict)):
        return notice(title, sentence), {"title": f"{title} · Stageboard"}
    set_props(shell.TOAST, {"children": toast(sentence)})
    return None


def _leads_somewhere(path: str, served: Callable[[str], bool]) -> bool:
    """Whether an address is a registered page's, and of a data set that is served where it names one."""
    path = path.rstrip("/")
    for page in dash.page_registry.values():
        if path == page["path"].rstrip("/"):
            return not page["module"].endswith("not_found_404")
        template = re.sub("<(.*?)>", r"(?P<\1>[^/]+)", page["path_template"] or "")
        if template and (found := re.fullmatch(template, path)):
            return served(found.groupdict().get("dataset", ""))
    return False


def _finish_document(response: Response) -> Response:
    # Dash answers every address with its index and status 200, and finds the page in the browser.
    shown = request.endpoint == "/<path:path>" and response.status_code == HTTPStatus.OK
    if shown:
        # It tells of what the session may see.
        response.headers["Cache-Control"] = "private, no-cache"
    if shown and not _leads_somewhere(request.path, current().serves):
        response.status_code = HTTPStatus.NOT_FOUND
    return response


def _first_picture(path: str, query: Mapping[str, str]) -> Mapping[str, Any] | None:
    """Return what an Explorer's first picture needs; None where the page has none."""
    explorer = re.fullmatch(r"/explorer(?:/([^/]+))?/?", path)
    try:
        return first_picture(current(), explorer[1] or "", query) if explorer else None
    except errors.StageboardError:
        return None


def _pages(server: Flask, settings: Settings) -> Dash:
    """Return the Dash app of all pages, on a Flask app."""
    root = settings.prefix.rstrip("/")
    app = Dash(
        "app",
        server=server,
        use_pages=True,
        pages_folder="pages",
        assets_folder="assets",
        index_string=shell.index(root),
        assets_ignore=WORKERS if settings.debug else SOURCES,
        requests_pathname_prefix=settings.prefix,
        routes_pathname_prefix="/",
        title="Stageboard",
        update_title="",
        description="Explore point data too big for a browser.",
        serve_locally=True,
        suppress_callback_exceptions=True,
        # Where asgiref happens to be installed, Dash would otherwise start a thread for every request.
        use_async=False,
        on_error=_on_callback_error,
    )
    draw_early(app, _first_picture, root, bundled=not settings.debug)
    return app


def create_app(settings: Settings) -> Dash:
    """Return the whole app, ready to be served; its ``server`` is the Flask app.

    Dash keeps its pages in a registry of the process, so that a process has one app.

    Parameters
    ----------
    settings : Settings

    Returns
    -------
    dash.Dash
    """
    runtime = Runtime(settings)
    server = Flask("app", static_folder=None)
    server.extensions[EXTENSION] = runtime
    server.config["MAX_CONTENT_LENGTH"] = int(settings.body_bytes)
    keep_journal(server)
    Metrics(runtime).attach(server)
    for build in BLUEPRINTS:
        server.register_blueprint(build(runtime))
    side = Serverside(
        runtime.pipelines["figure"],
        runtime.secret,
        lambda names: runtime.figure_root(**cast(dict[str, Any], names)),
        idle=settings.session_days * DAY,
    )
    side.attach(server)
    runtime.owner = side.owner
    answer_errors(server)
    check_origins(server)
    limit_rates(server, settings.rate)
    server.after_request(_finish_document)
    app = _pages(server, settings)
    pack_suites(app)
    app.layout = shell.layout
    shell.register()
    calls.guard(app)
    scheme = script_hash(shell.SCHEME_SCRIPT)
    server.wsgi_app = Guarded(server.wsgi_app, lambda: (scheme, *app.csp_hashes()))  # type: ignore[method-assign]
    mount(server, settings.prefix, settings.proxies)
    return app
