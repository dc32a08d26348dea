"""How a data set is declared for users who have its file: by its columns, and by values that only it has."""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.pipeline.types import Dataset

PLAUSIBLE: Final = 0.9
"""The share of a column's values that must lie where they are expected."""


@dataclass(frozen=True, slots=True)
class Declaration:
    """A data set that a user's file may turn out to be.

    Parameters
    ----------
    name : str
        The data set's slug.
    columns : frozenset of str
        Columns that the file must have.
    declare : callable
        Makes the data set of the file at a path, with all fields that such a file may have.
    hint : str
        A word that the file's name must begin, or contain after a sign, where its columns alone say too little.
    only : bool
        Whether the file must have no other columns than these and those of the declared fields.
    within : mapping of str to (low, high)
        Where the values of a column lie.
    beyond : float
        How far from 0 the values of those columns typically lie, at least.
    """

    name: str
    columns: frozenset[str]
    declare: Callable[[Path], Dataset]
    hint: str = ""
    only: bool = False
    within: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    beyond: float = 0.0

    def matches(self, path: Path, columns: Collection[str]) -> bool:
        """Return whether the file at that path can be this data set by its name and columns."""
        known = self.columns | {one.column for plot in self.declare(path).plots for one in plot.fields}
        fits = self.columns <= set(columns) and (not self.only or set(columns) <= known)
        return fits and (not self.hint or bool(re.search(rf"(?:^|[^a-z]){self.hint}", path.name.lower())))

    def plausible(self, values: Callable[[str], NDArray[np.float64]]) -> bool:
        """Return whether the values of its columns are such as this data set has.

        Parameters
        ----------
        values : callable
            Returns a sample of a column, NaN where there is nothing.
        """
        for column, (low, high) in self.within.items():
            found = values(column)
            found = found[np.isfinite(found)]
            if not len(found) or ((found >= low) & (found <= high)).mean() < PLAUSIBLE:
                return False
            if np.median(np.abs(found)) < self.beyond:
                return False
        return True

    def open(self, path: Path, columns: Collection[str]) -> Dataset:
        """Return the data set, with those fields whose column the file has."""
        found = self.declare(path)
        plots = (
            replace(plot, fields=tuple(field for field in plot.fields if field.column in columns))
            for plot in found.plots
        )
        return replace(found, plots=tuple(plots))
