"""A real Redis for tests: on a free port of this machine, keeping nothing on disk, and ended with its user."""

import os
import shutil
import signal
import subprocess
from pathlib import Path
from time import monotonic, sleep

import pytest
from redis import Redis
from redis.exceptions import RedisError

from tests.ports import free_port

START_SECONDS = 20


class Authority:
    """One that signs certificates for this machine, known to nobody else.

    Parameters
    ----------
    folder : Path
        Of its key and certificate.
    """

    def __init__(self, folder: Path) -> None:
        self._openssl = shutil.which("openssl") or pytest.skip("openssl is not installed: sudo apt-get install openssl")
        self._folder, self.certificate = folder, folder / "authority.crt"
        (folder / "openssl.cnf").write_text("[req]\ndistinguished_name = name\n[name]\n")
        self._sign("authority", "basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign")

    def _sign(self, name: str, *extensions: str, by: tuple[str, ...] = ()) -> tuple[Path, Path]:
        certificate, key = (self._folder / f"{name}.{kind}" for kind in ("crt", "key"))
        command = [self._openssl, "req", "-x509", "-config", str(self._folder / "openssl.cnf"), "-nodes", "-days", "2"]
        command += ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-subj", f"/CN={name}", *by]
        command += [word for one in extensions for word in ("-addext", one)]
        subprocess.run([*command, "-out", str(certificate), "-keyout", str(key)], check=True, capture_output=True)
        return certificate, key

    def options(self, folder: Path) -> list[str]:
        """Return the options of a redis-server with a certificate for 127.0.0.1 and for no name."""
        by = ("-CA", str(self.certificate), "-CAkey", str(self._folder / "authority.key"))
        about = ("subjectAltName=IP:127.0.0.1", "basicConstraints=critical,CA:FALSE", "authorityKeyIdentifier=keyid")
        certificate, key = self._sign(f"server-{folder.name}", *about, by=by)
        pairs = {"cert": certificate, "key": key, "ca-cert": self.certificate}
        return [
            "--tls-auth-clients",
            "no",
            *(word for kind, path in pairs.items() for word in (f"--tls-{kind}-file", str(path))),
        ]


class RedisServer:
    """One redis-server, which can be stopped and started again on its port.

    Parameters
    ----------
    folder : Path
        Its working folder.
    *options : str
        As on its command line.
    authority : Authority, optional
        Who signed its certificate: it then speaks TLS alone.
    """

    def __init__(self, folder: Path, *options: str, authority: "Authority | None" = None) -> None:
        found = shutil.which(os.environ.get("REDIS_SERVER", "") or "redis-server")
        if not found:
            pytest.skip("redis-server is not installed: `make test` installs it, or sudo apt-get install redis-server")
        self.port = free_port()
        password = options[options.index("--requirepass") + 1] if "--requirepass" in options else ""
        self.url = f"redis://{f':{password}@' if password else ''}127.0.0.1:{self.port}/0"
        self._command = [found, "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(folder)]
        self._command += ["--save", "", "--appendonly", "no", *options]
        if authority:
            self.url = f"rediss{self.url.removeprefix('redis')}?ssl_ca_certs={authority.certificate}"
            self._command += ["--port", "0", "--tls-port", str(self.port), *authority.options(folder)]
        self.start()

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = monotonic() + START_SECONDS
        while True:
            try:
                with self.client() as client:
                    client.ping()
                    return
            except RedisError:
                assert self._process.poll() is None, "redis-server did not start"
                assert monotonic() < until, "redis-server does not answer"
                sleep(0.02)

    def client(self) -> Redis:
        """Return a client of its own, to look at it and to change it behind a store's back."""
        return Redis.from_url(self.url)

    def stop(self) -> None:
        """End it at once; what it held is lost."""
        self._process.kill()
        self._process.wait()

    def pause(self) -> None:
        """Let it hang: it accepts connections and answers nothing."""
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        self._process.send_signal(signal.SIGCONT)
