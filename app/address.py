"""The address that is listened on: opened before anything slow is imported, so that a taken port is known at once."""

import errno
import socket

from app.pipeline.errors import StageboardError


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
