"""Own `stars.parquet`: Tycho-2 stars in galactic coordinates.

Source: an index file of astrometry.net. It holds unit vectors (ICRS) as integers
of a k-d tree, the VT magnitudes beside them, and at most ten stars, the
brightest, of each cell of about 0.14 square degrees: the Milky Way is there, its
densest fields are cut.
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from embed.errors import require, require_between
from embed.sources import STARS, fetch
from embed.tables import grid, write, z_order

ROWS = 1_871_011
STEPS = 16_384
BLOCK = 2_880
CARD = 80

# From ICRS to galactic axes: The Hipparcos and Tycho Catalogues, ESA SP-1200,
# volume 1, section 1.5.3, equation 1.5.11 (transposed: rows are galactic axes).
GALACTIC = np.array(
    [
        [-0.0548755604, -0.8734370902, -0.4838350155],
        [+0.4941094279, -0.4448296300, +0.7469822445],
        [-0.8676661490, -0.1980763734, +0.4559837762],
    ]
)

Floats = npt.NDArray[np.float64]


def make(out: Path, work: Path) -> None:
    """Make the table of stars, in Z-order.

    Parameters
    ----------
    out, work : Path
        The folder of the results and the folder of downloads.

    Raises
    ------
    EmbedError
        If the source is not the known one.
    """
    folder = fetch(STARS, work) / "usr" / "share" / "astrometry"
    raw = (folder / "index-tycho2-07.littleendian.fits").read_bytes()
    units = _units(raw)
    require("stars: rows", len(raw[units[13]]) // 4, ROWS)
    longitude, latitude = _galactic(_vectors(raw, units))
    magnitude = np.frombuffer(raw[units[13]], ">f4")
    _verify(latitude, magnitude)
    x = (grid(longitude, STEPS) + 180.0) % 360.0 - 180.0
    y = grid(latitude, STEPS)
    order = z_order(x.astype(np.float64), y.astype(np.float64), (-180, 180, -90, 90))
    hundredths = np.rint(magnitude[order].astype(np.float64) * 100)
    table = pa.table(
        {
            "longitude": x[order].astype(np.float32),
            "latitude": y[order],
            "magnitude": (hundredths / 100).astype(np.float32),
        }
    )
    split = dict.fromkeys(("longitude", "latitude"), "BYTE_STREAM_SPLIT")
    write(table, out / "stars.parquet", split)


def _units(raw: bytes) -> list[slice]:
    """Find the data of each header and data unit of a FITS file."""
    units: list[slice] = []
    start = 0
    while start < len(raw):
        header: dict[str, str] = {}
        end = start
        while "END" not in header:
            for at in range(end, end + BLOCK, CARD):
                card = raw[at : at + CARD].decode("ascii")
                header[card[:8].strip()] = card[10:].split("/")[0].strip()
            end += BLOCK
        size = _size(header)
        units.append(slice(end, end + size))
        start = end + -(-size // BLOCK) * BLOCK
    return units


def _size(header: dict[str, str]) -> int:
    axes = [int(header[f"NAXIS{n + 1}"]) for n in range(int(header["NAXIS"]))]
    return int(np.prod(axes)) * abs(int(header["BITPIX"])) // 8 if axes else 0


def _vectors(raw: bytes, units: list[slice]) -> Floats:
    """Decode unit vectors, (n, 3), from the integers of the k-d tree."""
    box = np.frombuffer(raw[units[10]], "<f8")
    packed = np.frombuffer(raw[units[11]], "<u4").reshape(-1, 3)
    return np.asarray(box[:3] + packed / box[6])


def _galactic(vectors: Floats) -> tuple[Floats, Floats]:
    """Turn ICRS unit vectors into longitude in [-180, 180) and latitude, degrees."""
    require_between("stars: length", float(np.abs(_norm(vectors) - 1).max()), 0, 1e-6)
    x, y, z = GALACTIC @ vectors.T
    longitude = (np.degrees(np.arctan2(y, x)) + 180.0) % 360.0 - 180.0
    return longitude, np.degrees(np.arcsin(np.clip(z, -1.0, 1.0)))


def _norm(vectors: Floats) -> Floats:
    return np.asarray(np.sqrt((vectors**2).sum(axis=1)))


def _verify(latitude: Floats, magnitude: npt.NDArray[np.float32]) -> None:
    share = float((np.abs(latitude) <= 10.0).mean())
    print(f"  share of stars within 10 degrees of the plane: {share:.4f}")
    require_between("stars: share near the plane", share, 0.2465, 0.2475)
    low, high = float(magnitude.min()), float(magnitude.max())
    require_between("stars: brightest magnitude", low, -2.0, 3.0)
    require_between("stars: faintest magnitude", high, 12.0, 16.0)
