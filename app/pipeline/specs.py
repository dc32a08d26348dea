"""Tile specs: the part of a tile's address that says what its cells hold.

``{data set}.{fingerprint}.{plot}.{aggregate}[.{field}]``: canonical, so that equal tiles have one address, and checked
before anything is opened. The fingerprint makes the address good for ever.
"""

import re
from dataclasses import dataclass

from app.pipeline.canvas import AGGREGATES
from app.pipeline.errors import ParameterError

SLUG = re.compile(r"[a-z0-9_-]{1,80}")
PLOT = re.compile(SLUG.pattern + r"(~[a-z0-9-]{1,20}){0,4}")
"""With the corrections of `app.datasets.readings`."""
DIGITS = re.compile(r"[0-9a-f]{12}")
FINGERPRINT = 12


@dataclass(frozen=True, slots=True)
class Spec:
    """What a tile's cells hold.

    Examples
    --------
    >>> str(Spec.parse("flights.0123456789ab.time.mean.delay"))
    'flights.0123456789ab.time.mean.delay'
    """

    dataset: str
    fingerprint: str
    plot: str
    aggregate: str
    field: str = ""

    def __str__(self) -> str:
        return ".".join((self.dataset, self.fingerprint, self.plot, self.aggregate, *([self.field] * bool(self.field))))

    @classmethod
    def parse(cls, text: str) -> "Spec":
        """Read a spec, or raise `ParameterError`."""
        parts = text.split(".")
        if not 4 <= len(parts) <= 5 or not all(
            (PLOT if at == 2 else SLUG).fullmatch(part) for at, part in enumerate(parts)
        ):
            raise ParameterError(f"{text[:200]!r} is no tile spec: write data set.fingerprint.plot.aggregate[.field].")
        spec = cls(*parts)
        if not DIGITS.fullmatch(spec.fingerprint):
            raise ParameterError(f"{spec.fingerprint!r} is no fingerprint: give 12 hexadecimal digits.")
        if spec.aggregate not in AGGREGATES:
            raise ParameterError(f"no aggregate {spec.aggregate!r}. Known: {', '.join(AGGREGATES)}.")
        if (spec.aggregate == "count") == bool(spec.field):
            raise ParameterError(f"aggregate {spec.aggregate!r} takes {'no' if spec.field else 'a'} field.")
        return spec
