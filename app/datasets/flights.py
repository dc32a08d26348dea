"""US flights of early 2001: how delays grow over the day, and the routes flown."""

from app.datasets import DATA
from app.pipeline.types import Axis, Bounds, Dataset, Field, Plot

_TIME = Plot(
    name="time",
    label="Time of day by delay",
    path=DATA / "flights.parquet",
    x=Axis("minute", "Departure, local time", kind="clock"),
    y=Axis("delay", "Arrival delay", "min"),
    fields=(
        Field("delay", "delay", label="Arrival delay", unit="min"),
        Field("distance", "distance", label="Distance", unit="mi"),
        Field("day", "day", "time", label="Day"),
        Field("origin", "origin", "category", label="Origin"),
        Field("destination", "destination", "category", label="Destination"),
    ),
    view=Bounds(0, 1440, -60, 180),
    cmap="fire",
    spreading=1,
)

_ROUTES = Plot(
    name="routes",
    label="Routes",
    path=DATA / "flight_routes.parquet",
    kind="lines",
    crs="lonlat",
    x=Axis("origin_longitude", "Longitude", "°", kind="degrees", end="destination_longitude"),
    y=Axis("origin_latitude", "Latitude", "°", kind="degrees", end="destination_latitude"),
    fields=(
        Field("flights", "flights", label="Flights"),
        Field("delay", "delay", label="Mean arrival delay", unit="min"),
        Field("distance", "distance", label="Distance", unit="mi"),
        Field("origin", "origin", "category", label="Origin"),
        Field("destination", "destination", "category", label="Destination"),
    ),
    view=Bounds(-126, -66, 23, 50),
    aggregate="sum",
    field="flights",
    cmap="bgyw",
)

DATASET = Dataset(
    name="flights",
    title="US flights",
    description="Three million domestic flights, January to June 2001, by time of day and delay, and the routes flown.",
    plots=(_TIME, _ROUTES),
    source="US Bureau of Transportation Statistics, by way of vega-datasets 3.2.1",
    url="https://www.transtats.bts.gov/",
    licence="Published records of a US federal agency",
)
