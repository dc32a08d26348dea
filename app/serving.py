"""Serve the app: gunicorn's workers, and what the operator reads meanwhile.

Owns the process model, for ``python -m app`` and for gunicorn's own command alike; what is served is
`server.create_app`. Modules are imported before the workers fork, and so shared by them; each worker builds its own app
afterwards (no preloading), because threads and SQLite connections, of which the store and the kernels' warm-up have
some, do not survive a fork.
"""

import os
import socket
import sys
import webbrowser
from functools import cache
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication
from pydantic import SecretStr

from app import __version__, heap, runtime
from app.address import listen, url
from app.console import complain, say
from app.datasets.catalogue import open_catalogue
from app.pipeline.errors import DataError, StageboardError
from app.pipeline.secret import load_secret, share_secret
from app.server import create_app
from app.settings import Settings, load
from app.web import metrics
from app.web.board import Board
from app.web.logs import GunicornLogger, configure

HEARTBEAT_SECONDS = 120  # compiling a kernel for the first time may hold a small machine for several seconds
GRACE_SECONDS = 5  # open event streams would otherwise delay a stop by gunicorn's 30
KEEP_ALIVE_SECONDS = 65
LINE_BYTES = 8190  # an address; ours stay far below 2,000 characters
HEADERS, HEADER_BYTES = 64, 8190
APP_LOAD_ERROR = 4  # gunicorn's exit status of a worker that should not be started again


class Crew:
    """What gunicorn is told, and what it calls as its workers come and go; the same however gunicorn was started.

    Parameters
    ----------
    settings : Settings
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        # Twice as many: a reload starts the new workers before it ends the old ones.
        self.board = Board(2 * settings.workers)

    def options(self) -> dict[str, Any]:
        """Return gunicorn's settings, but for the address."""
        return {
            "worker_class": "app.web.patience.Worker",
            "workers": self.settings.workers,
            "threads": self.settings.threads,
            "preload_app": False,
            "timeout": HEARTBEAT_SECONDS,
            "graceful_timeout": GRACE_SECONDS,
            "keepalive": KEEP_ALIVE_SECONDS,
            "loglevel": self.settings.log_level,
            "logger_class": GunicornLogger,
            "control_socket_disable": True,
            # Gunicorn would believe any client of this machine; what is believed is `web.mount`'s to say.
            "forwarded_allow_ips": "",
            "limit_request_line": LINE_BYTES,
            "limit_request_fields": HEADERS,
            "limit_request_field_size": HEADER_BYTES,
            "proc_name": "stageboard",
            "pre_fork": self.seat,
            "post_worker_init": self.announce,
            "worker_exit": self.leave,
            "child_exit": self.retire,
        }

    def build(self) -> Flask:
        """Build the app in a worker; what the operator can mend is one sentence, and no worker is started again."""
        try:
            heap.keep()
            server: Flask = create_app(self.settings).server
            server.teardown_request(heap.Rest().stir)
            runtime.of(server).warm()
            runtime.of(server).tending.begin()
            return server
        except StageboardError as error:
            complain(str(error))
            sys.exit(APP_LOAD_ERROR)

    def seat(self, arbiter: Any, worker: Any) -> None:
        """Give a worker a place for its metrics, and the largest body that it waits for, before it is forked."""
        worker.body_bytes = int(self.settings.body_bytes)
        taken = {one.place for one in arbiter.WORKERS.values()}
        worker.place = next((place for place in self.board.places if place not in taken), None)

    def leave(self, _: Any, worker: Any) -> None:
        """Leave a worker's last metrics behind, from within it."""
        if isinstance(server := getattr(worker, "wsgi", None), Flask):
            metrics.of(server).publish_now()

    def retire(self, _: Any, worker: Any) -> None:
        """Keep what a worker had counted, once it is gone."""
        if worker.place is not None:
            metrics.retire(self.board, worker.place)

    def announce(self, worker: Any) -> None:
        """Publish a worker's metrics; say where the page is, once the first worker answers."""
        if worker.place is not None:
            metrics.of(worker.wsgi).publish(self.board, worker.place)
        if worker.age == 1:
            address = url(worker.sockets[0]) + self.settings.prefix.rstrip("/")
            for reason in runtime.of(worker.wsgi).reasons():
                say(reason)
            ready = f"Stageboard {__version__} is ready at {address} (Ctrl-C stops it)"
            print(ready, flush=True)  # noqa: T201
            if self.settings.open:
                webbrowser.open(f"{address}/")


class Workers(BaseApplication):  # type: ignore[misc]
    """Gunicorn with our settings in place of its own command line and files.

    Parameters
    ----------
    crew : Crew
    listener : socket
        Bound already, so that a taken port is known before anything is loaded. Gunicorn becomes its owner.
    """

    def __init__(self, crew: Crew, listener: socket.socket) -> None:
        self.crew = crew
        self.descriptor = listener.detach()
        super().__init__()

    def load_config(self) -> None:
        """Hand our settings to gunicorn."""
        for name, value in {"bind": f"fd://{self.descriptor}", **self.crew.options()}.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        """Build the app in a worker."""
        return self.crew.build()


def hire(settings: Settings) -> Crew:
    """Make ready what all workers share, before the first of them starts.

    Raises
    ------
    DataError
        If none of the files that it is started on can be explored; told before any worker starts. Where others can,
        it starts, and says which cannot.
    StoreError
        If several workers could not share the secret that signs their cookies.
    """
    configure(settings.log_level)
    _check_files(settings)
    if settings.secret is None:
        if settings.workers > 1:
            share_secret(settings.cache)
        # A worker that starts later has the others' secret, even where the folder was deleted meanwhile.
        settings = settings.model_copy(update={"secret": SecretStr(load_secret(settings.cache))})
    return Crew(settings)


def _check_files(settings: Settings) -> None:
    """Say which files cannot be served; raise `DataError` where that leaves nothing of what was asked for."""
    gone = open_catalogue(settings.data, settings.folder).unavailable
    asked = set(settings.data)
    if asked and asked <= {one.path for one in gone}:
        raise DataError(next(one.reason for one in gone if one.path in asked))
    for one in gone:
        complain(f"{one.name} cannot be served: {one.reason}")


def serve(settings: Settings, listener: socket.socket) -> None:
    """Serve on a listening socket until stopped; raises what `hire` does."""
    Workers(hire(settings), listener).run()


@cache
def configured() -> Crew:
    """Return the crew of the environment's settings, for a gunicorn that was started by its own command.

    It is made once: gunicorn reads its configuration again when it is told to reload, and workers of before and after
    share their metrics. What the operator can mend is one sentence, and the end of the process.
    """
    try:
        return hire(load())
    except StageboardError as error:
        complain(str(error))
        sys.exit(1)


def application() -> Flask:
    """Return the app for ``gunicorn -c deploy/gunicorn.conf.py``, which calls this in each worker."""
    return configured().build()


def serve_debug(settings: Settings) -> None:
    """Serve from Flask's development server: one process that reloads when code changes."""
    configure(settings.log_level)
    port = settings.port
    if "WERKZEUG_RUN_MAIN" not in os.environ:  # the reloader's child inherits its parent's socket
        with listen(settings.host, port) as free:
            port = free.getsockname()[1]
    create_app(settings).run(
        host=settings.host,
        port=port,
        debug=True,
        threaded=True,
        # It would ask a server of Plotly's from within the page, which the content security policy forbids.
        dev_tools_disable_version_check=True,
        # It would answer every error by 500 and a traceback, also those that are answers of ours.
        dev_tools_prune_errors=False,
    )
