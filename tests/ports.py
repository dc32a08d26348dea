"""Ports for servers that a test stops and starts again on the same one."""

import random
import socket

# Below those that Linux gives to connections, of which another test's could hold a port while its server is away.
PORTS = range(20_000, 32_768)


def free_port() -> int:
    """Return a port of this machine that nobody listens on."""
    for port in random.SystemRandom().sample(PORTS, 100):
        try:
            with socket.create_server(("127.0.0.1", port)):
                return port
        except OSError:
            continue
    raise AssertionError("no port is free")
