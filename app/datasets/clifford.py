"""The Clifford attractor: synthetic points of any number, made by `make.make_clifford`."""

from pathlib import Path

from app.datasets.declared import Declaration
from app.pipeline.types import Axis, Dataset, Plot


def declare(path: Path) -> Dataset:
    """Declare the points of an attractor."""
    plot = Plot(name="attractor", label="Attractor", path=path, x=Axis("x"), y=Axis("y"), aspect=1.0, cmap="bmy")
    return Dataset(
        name="clifford",
        title="Clifford attractor",
        description="Points of a strange attractor, of any number.",
        plots=(plot,),
        source="Made by `python -m app data make clifford`",
        url="https://paulbourke.net/fractals/clifford/",
        licence="Free of rights",
    )


# The attractor of any parameters in use lies within.
_WITHIN = {"x": (-5.0, 5.0), "y": (-5.0, 5.0)}
DECLARATION = Declaration("clifford", frozenset(["x", "y"]), declare, hint="clifford", only=True, within=_WITHIN)
