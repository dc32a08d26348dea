"""How a data set is declared for users who have its file: by the columns that give it away."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from pathlib import Path

from app.pipeline.types import Dataset


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
        What the file's name must contain, where its columns alone say too little.
    only : bool
        Whether the file must have no other columns.
    """

    name: str
    columns: frozenset[str]
    declare: Callable[[Path], Dataset]
    hint: str = ""
    only: bool = False

    def matches(self, path: Path, columns: Collection[str]) -> bool:
        """Return whether the file at that path, with those columns, is this data set."""
        fits = self.columns == set(columns) if self.only else self.columns <= set(columns)
        return fits and self.hint in path.name.lower()

    def open(self, path: Path, columns: Collection[str]) -> Dataset:
        """Return the data set, with those fields whose column the file has."""
        found = self.declare(path)
        plots = (
            replace(plot, fields=tuple(field for field in plot.fields if field.column in columns))
            for plot in found.plots
        )
        return replace(found, plots=tuple(plots))
