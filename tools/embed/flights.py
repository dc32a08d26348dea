"""Own `flights.parquet` and `flight_routes.parquet`.

Source: vega-datasets, 3,000,000 flights sampled from the on-time performance
records of the US Bureau of Transportation Statistics, January to June 2001.
`date` is the actual departure in local time and `delay` that of the arrival
(negative: early), as that package's own script computes them.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from embed.errors import require, require_between
from embed.sources import VEGA, fetch
from embed.tables import encoded, write

ROWS = 3_000_000
PAIR = ["origin", "destination"]
KEYS = [*PAIR, "day", "minute", "delay"]


def make(out: Path, work: Path) -> None:
    """Make both flight tables.

    Parameters
    ----------
    out, work : Path
        The folder of the results and the folder of downloads.

    Raises
    ------
    EmbedError
        If the source is not the known one.
    """
    data = fetch(VEGA, work) / "package" / "data"
    flights = _read(data / "flights-3m.parquet")
    encodings = {"day": "DELTA_BINARY_PACKED", "minute": "BYTE_STREAM_SPLIT"}
    write(_table(flights), out / "flights.parquet", encodings)
    airports = pd.read_csv(data / "airports.csv", keep_default_na=False)
    routes = _routes(flights, airports.set_index("iata"))
    write(routes, out / "flight_routes.parquet")


def _read(path: Path) -> pd.DataFrame:
    flights: pd.DataFrame = pq.read_table(path).to_pandas()
    require("flights: rows", len(flights), ROWS)
    require("flights: missing values", int(flights.isna().sum().sum()), 0)
    day = flights["date"].dt.normalize()
    flights["minute"] = (flights["date"] - day) // pd.Timedelta(minutes=1)
    flights["day"] = day
    require_between("flights: minute", flights["minute"].max(), 1439, 1439)
    require_between("flights: delay", flights["delay"].abs().max(), 0, 2**15 - 1)
    require_between("flights: distance", flights["distance"].min(), 1, 2**15 - 1)
    return flights.sort_values(KEYS, ignore_index=True)


def _table(flights: pd.DataFrame) -> pa.Table:
    whole = {name: pa.array(flights[name].to_numpy().astype(np.int16)) for name in ("minute", "delay", "distance")}
    day = pa.array(flights["day"].to_numpy().astype("datetime64[D]"))
    codes = {name: encoded(flights[name]) for name in PAIR}
    return pa.table({"day": day, **whole, **codes})


def _routes(flights: pd.DataFrame, airports: pd.DataFrame) -> pa.Table:
    groups = flights.groupby(PAIR, as_index=False)
    routes = groups.agg(flights=("delay", "size"), delay=("delay", "mean"), distance=("distance", "min"))
    known = routes["origin"].isin(airports.index)
    known &= routes["destination"].isin(airports.index)
    _report_unknown(routes[~known], airports)
    routes = routes[known].sort_values(["flights", *PAIR], ignore_index=True)
    columns: dict[str, object] = {}
    for end in PAIR:
        for axis in ("longitude", "latitude"):
            degrees = airports.loc[routes[end], axis].to_numpy()
            columns[f"{end}_{axis}"] = degrees.astype(np.float32)
    columns["flights"] = routes["flights"].to_numpy().astype(np.int32)
    columns["delay"] = routes["delay"].to_numpy().astype(np.float32)
    columns["distance"] = routes["distance"].to_numpy().astype(np.int16)
    return pa.table({**columns, **{name: encoded(routes[name]) for name in PAIR}})


def _report_unknown(routes: pd.DataFrame, airports: pd.DataFrame) -> None:
    codes = sorted(set(routes[PAIR].to_numpy().ravel()) - set(airports.index))
    count = int(routes["flights"].sum())
    print(f"  {count:,} flights, {len(routes)} routes without an airport: {codes}")
