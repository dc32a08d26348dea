"""New York City taxi trips, as HoloViz's Datashader dashboard shows them; and synthetic trips in the same columns."""

from pathlib import Path

from app.datasets.declared import Declaration
from app.pipeline.types import Axis, Bounds, Dataset, Field, Plot

_COLUMNS = frozenset(
    ["dropoff_x", "dropoff_y", "pickup_x", "pickup_y", "dropoff_hour", "pickup_hour", "passenger_count"]
)
# The reference's three fields first; what else a file has follows.
_FIELDS = (
    Field("passenger_count", "passenger_count", label="Passenger Count"),
    Field("dropoff_hour", "dropoff_hour", label="Drop-off Hour", unit="h"),
    Field("pickup_hour", "pickup_hour", label="Pick-up Hour", unit="h"),
    Field(
        "passengers",
        "passenger_count",
        "category",
        label="Passengers",
        categories=("1", "2", "3", "4", "5", "6"),
    ),
    Field("trip_distance", "trip_distance", label="Trip distance", unit="mi"),
    Field("fare_amount", "fare_amount", label="Fare", unit="USD"),
    Field("tip_amount", "tip_amount", label="Tip", unit="USD"),
    Field("fare", "fare", label="Fare", unit="USD"),
    Field("payment_type", "payment_type", "category", label="Payment"),
    Field("pickup_time", "tpep_pickup_datetime", "time", label="Pick-up"),
    Field("dropoff_time", "tpep_dropoff_datetime", "time", label="Drop-off"),
)
_VIEW = Bounds(-8_242_000, -8_210_000, 4_965_000, 4_990_000)


def _plots(path: Path, what: str) -> tuple[Plot, Plot]:
    dropoff, pickup = (
        Plot(
            name=name,
            label=f"{what} {label}",
            path=path,
            crs="mercator",
            x=Axis(f"{name}_x", "Easting", "m"),
            y=Axis(f"{name}_y", "Northing", "m"),
            fields=_FIELDS,
            view=_VIEW,
        )
        for name, label in (("dropoff", "Dropoffs"), ("pickup", "Pickups"))
    )
    return dropoff, pickup


def declare(path: Path) -> Dataset:
    """Declare the trips of the reference dashboard."""
    return Dataset(
        name="nyc_taxi",
        title="NYC taxi",
        description="Taxi trips in New York City by where they began and ended.",
        plots=_plots(path, "NYC Taxi"),
        source="NYC Taxi and Limousine Commission, prepared by HoloViz",
        url="https://examples.holoviz.org/gallery/nyc_taxi/",
        licence="NYC open data; HoloViz's preparation CC BY 4.0",
    )


def declare_synthetic(path: Path) -> Dataset:
    """Declare trips that `make.make_taxi` made up."""
    return Dataset(
        name="taxi",
        title="Synthetic taxi trips",
        description="Made-up trips on rotated street grids, of any number, in the columns of NYC taxi.",
        plots=_plots(path, "Synthetic"),
        source="Made by `python -m app data make taxi`",
        licence="Free of rights",
    )


_WITHIN = {
    column: bounds
    for name in ("dropoff", "pickup")
    for column, bounds in ((f"{name}_x", (-8_300_000.0, -8_150_000.0)), (f"{name}_y", (4_900_000.0, 5_050_000.0)))
}
DECLARATION = Declaration("nyc_taxi", _COLUMNS, declare, within=_WITHIN)
SYNTHETIC = Declaration("taxi", _COLUMNS | {"fare", "payment_type"}, declare_synthetic, within=_WITHIN)
