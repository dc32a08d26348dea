"""Serve the app: the listening socket, gunicorn's workers, and what the operator reads meanwhile.

Owns the process model; what is served is `server.create_app`. Each worker builds its own app after the fork (no
preloading): threads do not survive a fork, and Arrow, numba, the store's writer and SQLite connections all have some.
"""

import errno
import os
import socket
import sys
import webbrowser
from typing import Any

from gunicorn.app.base import BaseApplication

from app import __version__, runtime
from app.pipeline.errors import StageboardError
from app.server import create_app
from app.settings import Settings

HEARTBEAT_SECONDS = 120  # compiling a kernel for the first time may hold a small machine for several seconds
GRACE_SECONDS = 5  # open event streams would otherwise delay a stop by gunicorn's 30
KEEP_ALIVE_SECONDS = 65
APP_LOAD_ERROR = 4  # gunicorn's exit status of a worker that should not be started again


class AddressError(StageboardError, OSError):
    """The address cannot be listened on: choose another port or host."""


def listen(host: str, port: int) -> socket.socket:
    """Open the listening socket.

    Parameters
    ----------
    host : str
        A name or address of this machine, IPv4 or IPv6.
    port : int
        0 takes a free one.

    Raises
    ------
    AddressError
        If the port is taken, needs rights that this process has not, or the host is not of this machine.

    Examples
    --------
    >>> with listen("127.0.0.1", 0) as free:
    ...     free.getsockname()[1] > 0
    True
    """
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        return socket.create_server(address[:2], family=family)
    except OSError as error:
        raise AddressError(_sentence(error, host, port)) from None


def _sentence(error: OSError, host: str, port: int) -> str:
    """Say why the address cannot be had, and what to do."""
    other = port + 1 if port < 65535 else port - 1
    if error.errno == errno.EADDRINUSE:
        return f"port {port} is in use on {host}: choose another with --port {other}, or any free one with --port 0."
    if error.errno == errno.EACCES:
        return f"port {port} needs rights that this user has not: choose one from 1024 up, for example --port 8050."
    return f"host {host!r} is not an address of this machine: choose another with --host, for example --host 127.0.0.1."


def url(listener: socket.socket) -> str:
    """Return the address to open in a browser.

    Examples
    --------
    >>> with listen("0.0.0.0", 0) as free:
    ...     url(free).startswith("http://127.0.0.1:")
    True
    """
    host, port = listener.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class Workers(BaseApplication):  # type: ignore[misc]
    """Gunicorn with our settings in place of its own command line and files.

    Parameters
    ----------
    settings : Settings
    listener : socket
        Bound already, so that a taken port is known before anything is loaded. Gunicorn becomes its owner.
    """

    def __init__(self, settings: Settings, listener: socket.socket) -> None:
        self.settings, self.url = settings, url(listener)
        self.descriptor = listener.detach()
        super().__init__()

    def load_config(self) -> None:
        """Hand our settings to gunicorn."""
        options = {
            "bind": f"fd://{self.descriptor}",
            "worker_class": "gthread",
            "workers": self.settings.workers,
            "threads": self.settings.threads,
            "preload_app": False,
            "timeout": HEARTBEAT_SECONDS,
            "graceful_timeout": GRACE_SECONDS,
            "keepalive": KEEP_ALIVE_SECONDS,
            "loglevel": self.settings.log_level,
            "control_socket_disable": True,
            "proc_name": "stageboard",
            "post_worker_init": self.announce,
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        """Build the app in a worker; what the operator can mend is one sentence, and no worker is started again."""
        try:
            server = create_app(self.settings).server
            runtime.of(server).warm()
            return server
        except StageboardError as error:
            print(f"error: {error}", file=sys.stderr, flush=True)  # noqa: T201
            sys.exit(APP_LOAD_ERROR)

    def announce(self, worker: Any) -> None:
        """Say where the page is, once the first worker answers."""
        if worker.age == 1:
            print(f"Stageboard {__version__} is ready at {self.url} (Ctrl-C stops it)", flush=True)  # noqa: T201
            if self.settings.open:
                webbrowser.open(self.url)


def serve(settings: Settings) -> None:
    """Serve until stopped.

    Raises
    ------
    AddressError
        If the address cannot be listened on.
    """
    if settings.debug:
        serve_debug(settings)
        return
    listener = listen(settings.host, settings.port)
    print(f"Stageboard {__version__} is starting …", flush=True)  # noqa: T201
    Workers(settings, listener).run()


def serve_debug(settings: Settings) -> None:
    """Serve from Flask's development server: one process that reloads when code changes."""
    port = settings.port
    if "WERKZEUG_RUN_MAIN" not in os.environ:  # the reloader's child inherits its parent's socket
        with listen(settings.host, port) as free:
            port = free.getsockname()[1]
    create_app(settings).run(host=settings.host, port=port, debug=True, threaded=True)
