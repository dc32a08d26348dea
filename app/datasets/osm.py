"""A billion GPS positions of OpenStreetMap, as HoloViz's Datashader dashboard shows them."""

from pathlib import Path

from app.datasets.declared import Declaration
from app.pipeline.types import Axis, Bounds, Dataset, Plot


def declare(path: Path) -> Dataset:
    """Declare the positions of the reference dashboard."""
    plot = Plot(
        name="gps",
        label="1 billion OpenStreetMap GPS locations",
        path=path,
        crs="mercator",
        x=Axis("x", "Easting", "m"),
        y=Axis("y", "Northing", "m"),
        view=Bounds(-20_026_376.39, 20_026_376.39, -8_010_550, 12_015_825),
    )
    return Dataset(
        name="osm-1b",
        title="OpenStreetMap GPS",
        description="A billion positions that contributors' devices recorded.",
        plots=(plot,),
        source="OpenStreetMap contributors, prepared by HoloViz",
        url="https://examples.holoviz.org/gallery/osm/",
        licence="ODbL 1.0",
    )


# Two columns called x and y say nothing: the file's name must tell.
_WORLD = (-20_037_509.0, 20_037_509.0)
DECLARATION = Declaration(
    "osm-1b",
    frozenset(["x", "y"]),
    declare,
    hint="osm",
    only=True,
    within={"x": _WORLD, "y": _WORLD},
    beyond=10_000,
)
