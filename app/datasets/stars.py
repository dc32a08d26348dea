"""Stars of the Tycho-2 catalogue along the Milky Way, whose dust lanes show as gaps."""

from app.datasets import DATA
from app.pipeline.types import Axis, Bounds, Dataset, Field, Plot

_GALAXY = Plot(
    name="galaxy",
    label="Galactic plane",
    path=DATA / "stars.parquet",
    # As seen from within: longitude grows to the left.
    x=Axis("longitude", "Galactic longitude", "°", kind="degrees", reverse=True),
    y=Axis("latitude", "Galactic latitude", "°", kind="degrees"),
    fields=(Field("magnitude", "magnitude", label="Magnitude", unit="mag"),),
    view=Bounds(-180, 180, -90, 90),
    aspect=2.0,
    cmap="gray",
    spreading=1,
)

DATASET = Dataset(
    name="stars",
    title="Tycho-2 stars",
    description="1,871,011 of the brightest stars in galactic coordinates, with their magnitude.",
    plots=(_GALAXY,),
    source="Tycho-2 catalogue (Høg et al. 2000, ESA Hipparcos), by way of astrometry.net",
    url="https://www.cosmos.esa.int/web/hipparcos/tycho-2",
    licence="BSD-2-Clause",
)
