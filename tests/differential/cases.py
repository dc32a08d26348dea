"""From a seed to a case: which data, which view of them, and how it is shown."""

from dataclasses import dataclass, replace
from functools import cached_property
from random import Random
from urllib.parse import urlencode

import numpy as np

from tests.differential import truth
from tests.differential.data import Source

BATCH = 50
"""So many seeds share their files."""
SIZES = ((900, 620), (861, 573), (1023, 701), (391, 700))
COLORMAPS = ("fire", "bgy", "bgyw", "bmy", "gray", "kbc", "coolwarm", "rainbow4", "blues")
ORDER = (
    "plane", "globe", "plane", "dates", "plane", "polar", "plane", "tracks", "plane", "dense", "plane", "tiny",
    "plane", "edges", "plane", "voyages", "plane", "stars", "globe", "dates", "flights",
)  # fmt: skip
AGGREGATES = {
    "number": ("sum", "min", "max", "mean", "var", "std", "mean"),
    "time": ("min", "max", "mean"),
    "category": ("by",),
}
FIGURES = 4
"""Every so many cases the Figure is looked at, too; no divisor of the number of sources in their order."""


@dataclass(frozen=True)
class Case:
    """What is shown, and on what; ``query`` holds the controls as the address has them."""

    seed: int
    source: Source
    query: dict[str, str]
    dark: bool
    ratio: int
    size: tuple[int, int]
    window: tuple[float, float] = (0.0, 100.0)

    @property
    def aggregate(self) -> str:
        """What is computed of a cell's rows."""
        return self.query["aggregate"]

    @property
    def column(self) -> str:
        """The column that is aggregated; empty for counts."""
        return self.query.get("field", "")

    @property
    def kind(self) -> str:
        """What the values are: ``count``, ``category``, ``number`` or ``time``."""
        return self.source.fields[self.column] if self.column else "count"

    @property
    def opacity(self) -> int:
        """How opaque the data are, percent."""
        return int(self.query.get("data_opacity", "100"))

    @property
    def has_figure(self) -> bool:
        """Whether the Figure is looked at."""
        return self.seed % FIGURES == 0

    def address(self, page: str) -> str:
        """Return the path of a page that shows the case."""
        plain = {name: value for name, value in self.query.items() if page == "explorer" or name not in _MAPS}
        return f"/{page}/{self.source.name}?{urlencode(plain, safe=',')}"

    @cached_property
    def random(self) -> Random:
        """Chance of its own, for what is looked at."""
        return Random(f"look {self.seed}")

    def words(self) -> str:
        """Return the case in one line."""
        theme = "dark" if self.dark else "light"
        return f"{self.address('explorer')} {theme} {self.size[0]} x {self.size[1]} at {self.ratio}"


_MAPS = ("basemap", "labels")


def make_case(seed: int, sources: dict[str, Source]) -> Case:
    """Return a seed's case on the files of its batch."""
    random = Random(seed)
    source = sources[ORDER[seed % len(ORDER)]]
    query = {
        "normalization": random.choice(("eq_hist", "linear", "log", "cbrt")),
        "cmap": random.choice(COLORMAPS),
        "spreading": random.choice("0012345"),
        **_aggregate(random, source),
    }
    window = (0.0, 100.0)
    if random.random() < 0.4:
        window = random.choice(((2.0, 98.0), (0.0, 90.0), (10.0, 100.0), (50.0, 60.0), (0.5, 99.5), (10.0, 60.0)))
        query["range"] = ",".join(f"{one:g}" for one in window)
    if random.random() < 0.3:
        query["data_opacity"] = random.choice(("35", "70", "85"))
    if source.crs != "plane":
        query |= {"basemap": "none", "labels": "0"}
    case = Case(seed, source, query, random.random() < 0.5, random.choice((1, 2)), random.choice(SIZES), window)
    return _zoomed(case, random) if random.random() < 0.6 else case


def _aggregate(random: Random, source: Source) -> dict[str, str]:
    column = random.choice([*source.fields, ""] if len(source.fields) > 3 else [*source.fields, "", ""])
    if not column:
        return {"aggregate": "count"}
    return {"aggregate": random.choice(AGGREGATES[source.fields[column]]), "field": column}


def _zoomed(case: Case, random: Random) -> Case:
    """Return a case that looks at a part of the data, about one of its rows."""
    at = truth.places(case.source)
    held = np.isfinite(at.x) & np.isfinite(at.y)
    if case.source.crs == "lonlat":
        held &= np.abs(at.y) < truth.LATITUDE
    rows = np.flatnonzero(held)
    chosen = rows[random.randrange(len(rows))]
    part = 2.0 ** -random.choice((0, 1, 2, 3, 5, 8))
    bounds: list[float] = []
    for values, middle, limit in ((at.x, at.x[chosen], 180.0), (at.y, at.y[chosen], 85.0)):
        span = float(np.ptp(values[held])) * part or 1.0
        ends = [float(middle) - span / 2, float(middle) + span / 2]
        bounds += [min(max(one, -limit), limit) for one in ends] if case.source.crs == "lonlat" else ends
    if not (bounds[0] < bounds[1] and bounds[2] < bounds[3]):
        return case
    return replace(case, query={**case.query, "bounds": ",".join(map(repr, bounds))})
