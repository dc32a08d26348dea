"""What an instance serves: the embedded data sets, and the files that the user added.

This module owns their names and the list of added files, a small JSON file that a person can read. A file that has
gone, or cannot be read, is listed with the reason: it never keeps the others from being served.
"""

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from app.datasets.names import slug, stem, unique
from app.datasets.recognise import recognise
from app.datasets.registry import EMBEDDED
from app.pipeline.errors import DataError, StoreError, unknown
from app.pipeline.types import Dataset

# The list of added files, in the folder of the user's data.
FILE = "catalogue.json"


@dataclass(frozen=True, slots=True)
class Entry:
    """A file of the user's own, with the corrections given for it."""

    path: Path
    name: str = ""
    title: str = ""
    x: str = ""
    y: str = ""
    crs: str = ""
    kind: str = ""
    track: str = ""
    scales: str = ""
    reverse: str = ""
    time: str = ""
    gap_time: float | None = None
    gap_distance: float | None = None

    def open(self) -> Dataset:
        """Recognise the file as a data set."""
        return recognise(
            self.path,
            name=self.name,
            title=self.title,
            x=self.x,
            y=self.y,
            crs=self.crs,
            kind=self.kind,
            track=self.track,
            scales=self.scales,
            reverse=self.reverse,
            time=self.time,
            gap_time=self.gap_time,
            gap_distance=self.gap_distance,
        )


@dataclass(frozen=True, slots=True)
class Unavailable:
    """An added file that cannot be served, and why, in one sentence."""

    name: str
    path: Path
    reason: str


def _named(datasets: Iterable[Dataset], taken: Mapping[str, Dataset]) -> dict[str, Dataset]:
    found: dict[str, Dataset] = {}
    for one in datasets:
        name = unique(one.name, [*taken, *found])
        found[name] = replace(one, name=name)
    return found


class Catalogue:
    """The data sets of an instance, by name.

    Parameters
    ----------
    datasets : iterable of Dataset
        A name that is taken is numbered: the second ``taxi`` becomes ``taxi-2``.
    unavailable : iterable of Unavailable
    first : iterable of Dataset
        Listed before the others, but named after them.
    """

    def __init__(
        self, datasets: Iterable[Dataset], unavailable: Iterable[Unavailable] = (), first: Iterable[Dataset] = ()
    ) -> None:
        others = _named(datasets, {})
        self._datasets = {**_named(first, others), **others}
        self._unavailable: dict[str, Unavailable] = {}
        for gone in unavailable:
            name = unique(gone.name, [*self._datasets, *self._unavailable])
            self._unavailable[name] = replace(gone, name=name)

    def __iter__(self) -> Iterator[Dataset]:
        return iter(self._datasets.values())

    def __contains__(self, name: str) -> bool:
        return name in self._datasets

    def __len__(self) -> int:
        return len(self._datasets)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of what can be served, in order."""
        return tuple(self._datasets)

    @property
    def unavailable(self) -> tuple[Unavailable, ...]:
        """The added files that cannot be served."""
        return tuple(self._unavailable.values())

    def find(self, name: str) -> Dataset:
        """Return the data set of that name.

        Raises
        ------
        UnknownNameError
            If there is none.
        DataError
            If its file cannot be served, with the reason.
        """
        if name in self._unavailable:
            raise DataError(self._unavailable[name].reason)
        if name not in self._datasets:
            raise unknown("data set", name, self._datasets)
        return self._datasets[name]


def with_files(
    embedded: Iterable[Dataset],
    started: Iterable[Dataset],
    entries: Iterable[Entry],
    unavailable: Iterable[Unavailable] = (),
) -> Catalogue:
    """Return a catalogue of the user's files before the embedded data sets, which keep their names.

    Parameters
    ----------
    embedded, started : iterable of Dataset
        Of the package, and of files that are open already.
    entries : iterable of Entry
        Files to open; those that cannot be are listed with the reason.
    unavailable : iterable of Unavailable
        Listed before them.
    """
    found, gone = list(started), list(unavailable)
    for entry in entries:
        try:
            found.append(entry.open())
        except DataError as error:
            gone.append(Unavailable(entry.name or slug(stem(entry.path.name)), entry.path, str(error)))
    return Catalogue(embedded, gone, first=found)


class Added:
    """The list of added files, kept in a JSON file.

    Parameters
    ----------
    file : Path
        Made with its folder when the first entry is added.

    Notes
    -----
    Written to a temporary name and renamed: another process reads the old list or the new one, never half of one.
    """

    def __init__(self, file: Path) -> None:
        self._file = file

    def entries(self) -> tuple[Entry, ...]:
        """Return the entries in the order in which they were added.

        Raises
        ------
        StoreError
            If the list is damaged.
        """
        try:
            found = json.loads(self._file.read_text(encoding="utf-8"))
            return tuple(Entry(**{**one, "path": Path(one["path"])}) for one in found["files"])
        except FileNotFoundError:
            return ()
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise StoreError(
                f"list of added files {str(self._file)!r} cannot be read: delete it or repair it."
            ) from error

    def add(self, entry: Entry, check: Callable[[Dataset], object] = bool) -> Dataset:
        """Recognise a file and keep it on the list; an entry of the same path is replaced.

        Parameters
        ----------
        entry : Entry
        check : callable
            Takes the data set; what it raises keeps the file from being added.

        Raises
        ------
        DataError
            If the file cannot be explored; the list stays as it was.
        """
        dataset = entry.open()
        check(dataset)
        kept = replace(entry, path=entry.path.resolve(), name=entry.name or dataset.name)
        others = [one for one in self.entries() if one.path != kept.path]
        if kept.name in {one.name for one in others}:
            kept = replace(kept, name=unique(kept.name, [one.name for one in others]))
        self._write([*others, kept])
        return replace(dataset, name=kept.name)

    def remove(self, which: str) -> Entry:
        """Take an entry off the list, by its name or path; the file itself stays.

        Raises
        ------
        UnknownNameError
            If no entry is called so.
        """
        entries = self.entries()
        for one in entries:
            if which == one.name or Path(which).resolve() == one.path:
                self._write([other for other in entries if other is not one])
                return one
        raise unknown("added data set", which, (one.name for one in entries))

    def _write(self, entries: Sequence[Entry]) -> None:
        rows = [{key: value for key, value in asdict(one).items() if value not in ("", None)} for one in entries]
        rows = [{**one, "path": str(one["path"])} for one in rows]
        temporary = self._file.with_name(f"{self._file.name}.{os.getpid()}")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_text(json.dumps({"files": rows}, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
            os.replace(temporary, self._file)
        except OSError as error:
            raise StoreError(f"list of added files {str(self._file)!r} cannot be written: {error.strerror}.") from error


def added(folder: Path) -> Added:
    """Return the list of added files in a folder of the user's data."""
    return Added(folder / FILE)


def open_catalogue(started: Iterable[Path], folder: Path) -> Catalogue:
    """Return what an instance serves: the files it was started on first, then those added, then the embedded ones.

    Parameters
    ----------
    started : iterable of Path
    folder : Path
        Of the user's data, with the list of added files.

    Notes
    -----
    Nothing that cannot be read is an error here, be it a file or the list itself: each is listed with the reason.
    """
    entries, gone = [Entry(path) for path in started], []
    kept = added(folder)
    try:
        entries += kept.entries()
    except StoreError as error:
        gone.append(Unavailable(slug(stem(FILE)), folder / FILE, str(error)))
    return with_files(EMBEDDED, [], entries, gone)
