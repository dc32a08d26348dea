"""The US census of 2010, a point a person, as HoloViz's Datashader dashboard shows it, with its race colours."""

from pathlib import Path

from app.datasets.declared import Declaration
from app.pipeline.types import Axis, Bounds, Dataset, Field, Plot

RACE = Field(
    "race",
    "race",
    "category",
    label="Race",
    categories=("w", "b", "a", "h", "o"),
    labels=("White", "Black", "Asian", "Hispanic", "Other"),
    # aqua, lime, red, fuchsia, yellow
    colors=("#00ffff", "#00ff00", "#ff0000", "#ff00ff", "#ffff00"),
)


def declare(path: Path) -> Dataset:
    """Declare the people of the reference dashboard: all alike, and by race."""
    people, race = (
        Plot(
            name=name,
            label=label,
            path=path,
            crs="mercator",
            x=Axis("easting", "Easting", "m"),
            y=Axis("northing", "Northing", "m"),
            fields=(RACE,),
            view=Bounds(-13_914_936, -7_235_767, 2_632_019, 6_446_276),
            aggregate=aggregate,
            field=field,
        )
        for name, label, aggregate, field in (
            ("people", "US Census Synthetic people", "count", ""),
            ("race", "US Census Synthetic race", "by", "race"),
        )
    )
    return Dataset(
        name="census",
        title="US census 2010",
        description="A point for each person, placed at random within the person's census block, with race.",
        plots=(people, race),
        source="US Census Bureau, by the Cooper Center for Public Service; prepared by HoloViz",
        url="https://examples.holoviz.org/gallery/census/",
        licence="US government data; HoloViz's preparation CC BY 4.0",
    )


DECLARATION = Declaration(
    "census",
    frozenset(["easting", "northing", "race"]),
    declare,
    only=True,
    within={"easting": (-20_037_509, -7_200_000), "northing": (2_000_000, 11_500_000)},
)
