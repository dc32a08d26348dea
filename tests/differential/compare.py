"""What differs, counted and said."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from tests.browser.browsing import ROOT
from tests.differential.cases import Case

Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]
PICTURES = ROOT / "tests" / "artifacts" / "differential"

COMPARED = ("cases", "cells", "pixels", "export pixels", "figure pixels", "hovers", "legend texts", "tick texts")
FAULTS = (
    "tile cells wrong",
    "browser pixels off",
    "export pixels from Datashader off",
    "export pixels off",
    "export pixels displaced",
    "figure pixels off",
    "hovers wrong",
    "legend numbers wrong",
    "range numbers wrong",
    "tick numbers wrong",
    "scale ends wrong",
    "cases unread",
)
"""What must not be, and is counted."""
TOLD = ("export pixels inexact", "line cells off")
"""What may be, and is counted all the same."""


@dataclass
class Outcome:
    """What came of a case: how much was compared, how much of it differs, and each fault in a sentence."""

    case: Case
    counts: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    pictures: dict[str, Bytes] = field(default_factory=dict)

    def compared(self, what: str, many: int) -> None:
        """Count what was compared."""
        self.counts[what] += many

    def fault(self, kind: str, sentence: str, many: int = 1) -> None:
        """Note a fault, or so many of a kind at once."""
        if many:
            self.counts[kind] += many
            self.faults.append(f"{kind}: {sentence}")

    def keep(self) -> list[Path]:
        """Write the pictures, and return where they are."""
        PICTURES.mkdir(parents=True, exist_ok=True)
        written = []
        for name, pixels in self.pictures.items():
            path = PICTURES / f"seed-{self.case.seed}-{name}.png"
            Image.fromarray(np.ascontiguousarray(pixels)).save(path)
            written.append(path)
        return written

    def report(self) -> dict[str, Any]:
        """Return all of it as plain values."""
        return {
            "seed": self.case.seed,
            "case": self.case.words(),
            "counts": dict(self.counts),
            "faults": self.faults,
        }


def flat(pixels: Bytes) -> Floats:
    """Return pixels over black, and their opacity: what is transparent has no colour."""
    colours = pixels.astype(np.float64)
    return np.concatenate([colours[..., :3] * colours[..., 3:] / 255, colours[..., 3:]], axis=-1)


def levels_off(seen: Bytes, right: Bytes) -> Floats:
    """Return by how many levels each pixel differs, in the channel where it differs most."""
    return np.abs(flat(seen) - flat(right)).max(-1)


def faded(pixels: Bytes, percent: int) -> Bytes:
    """Return pixels at an opacity."""
    found = pixels.copy()
    found[..., 3] = (pixels[..., 3].astype(int) * percent + 50) // 100
    return found


def first_of(wrong: npt.NDArray[np.bool_], *what: npt.NDArray[Any]) -> str:
    """Say where the first wrong cell is, and what it has and should have."""
    at = tuple(np.argwhere(wrong)[0])
    seen, right = (np.asarray(one[at]).tolist() for one in what)
    return f"the first at column {at[-1]}, row {at[-2]} has {seen}, and should have {right}"


def total(reports: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Return all counts over the reports of cases, those of faults that never occurred as well."""
    every: Counter[str] = Counter(dict.fromkeys((*COMPARED, *FAULTS, *TOLD), 0))
    for one in reports:
        every.update(one["counts"])
    return dict(every)
