"""Flight paths of the OpenSky Network, as HoloViz's Datashader dashboard shows them.

Its columns called longitude and latitude hold web mercator metres, with nulls between flights.
"""

from pathlib import Path

from app.datasets.declared import Declaration
from app.pipeline.types import Axis, Dataset, Field, Plot

ASCENDING = Field(
    "ascending",
    "ascending",
    "category",
    label="Ascending vs. Descending",
    categories=("True", "False"),
    labels=("Ascending", "Descending"),
    colors=("#0000ff", "#ff0000"),
)
_FIELDS = (
    ASCENDING,
    Field("velocity", "velocity", label="Velocity", unit="m/s"),
    Field("origin", "origin", "category", label="Country of origin"),
)


def declare(path: Path) -> Dataset:
    """Declare the flight paths of the reference dashboard."""
    plot = Plot(
        name="flight_paths",
        label="OpenSky Flight Paths",
        path=path,
        crs="mercator",
        x=Axis("longitude", "Easting", "m"),
        y=Axis("latitude", "Northing", "m"),
        fields=_FIELDS,
    )
    return Dataset(
        name="opensky",
        title="OpenSky",
        description="Positions of aircraft over Europe, ascending or descending.",
        plots=(plot,),
        source="The OpenSky Network, prepared by HoloViz",
        url="https://examples.holoviz.org/gallery/opensky/",
        licence="OpenSky terms of use: research and non-commercial use",
    )


_WORLD = (-20_037_509.0, 20_037_509.0)
DECLARATION = Declaration(
    "opensky",
    frozenset(["longitude", "latitude", "ascending"]),
    declare,
    within={"longitude": _WORLD, "latitude": _WORLD},
    # Degrees are less: those are another file of the same columns.
    beyond=1_000,
)
