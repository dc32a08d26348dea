"""The Explorer's cells and pixels, and the exported picture's, against what is right."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tests.differential import shading, tiles, truth
from tests.differential.cases import Case
from tests.differential.compare import Outcome, faded, first_of, levels_off
from tests.differential.page import Bytes, Pages, Seen, picture
from tests.differential.shading import Scale

Array = npt.NDArray[Any]
JUDGES_LINES = True
"""Whether the cells of lines are held to one drawing of the whole world, or differing ones are only counted."""
NEAR, NEAR_MIXED = 2, 3
"""Levels by which a pixel may differ from Datashader's; where categories' colours mix, by one more."""


class Right(NamedTuple):
    """What is right of a view.

    Parameters
    ----------
    planes : ndarray, shape (planes, height + 10, width + 10)
        Its cells, and those around it.
    cells : ndarray, shape (height, width)
        What is scaled: spread, and categories together.
    scale : Scale or None
        None where no finite value is visible.
    pixels : ndarray or None
        None where values are visible, of which none is finite.
    """

    planes: Array
    cells: Array
    scale: Scale | None
    pixels: Bytes | None

    @property
    def own(self) -> Array:
        """The view's own cells, not spread, shape (planes, height, width)."""
        return self.planes[:, truth.PAD : -truth.PAD, truth.PAD : -truth.PAD]


def judge_view(case: Case, seen: Seen, pages: Pages, outcome: Outcome) -> Right:
    """Compare tiles, pixels and the export; return what is right."""
    planes = _judge_cells(case, seen, pages, outcome)
    right = shaded(case, planes, seen.told["radius"], seen.colours)
    judge_pixels("browser pixels off", case, seen.pixels, right, outcome)
    outcome.compared("pixels", seen.pixels.shape[0] * seen.pixels.shape[1])
    _judge_view_export(case, seen, pages, right, outcome)
    return right


def names_of(field: dict[str, Any], aggregate: str) -> tuple[str, ...]:
    """Return the categories that have planes."""
    return tuple(field["categories"]) if aggregate == "by" else ()


def _judge_cells(case: Case, seen: Seen, pages: Pages, outcome: Outcome) -> Array:
    """Compare the tiles with the true cells; return the cells to go on with: the true ones, if they are known."""
    window, counts = seen.window, case.aggregate in ("count", "by")
    names = names_of(seen.field, case.aggregate)
    wide = window.padded()
    empty = np.full((len(names) or 1, *wide.shape), 0 if counts else np.nan, np.uint32 if counts else np.float64)
    path = f"/tiles/{seen.told['spec']}/{window.z}"
    served = tiles.composed(window, lambda x, y: pages.fetch(case, f"{path}/{x}/{y}"), empty)
    right = truth.view_truth(case.source, seen.world, window, case.aggregate, case.column, names)
    if right is None:
        return served
    wrong = tiles.differing(served, right, wide.in_world())
    if case.source.kind == "lines" and not JUDGES_LINES:
        outcome.counts["line cells off"] += int(wrong.sum())
        return served
    outcome.compared("cells", right.size)
    if wrong.any():
        sentence = f"{int(wrong.sum()):,} of {right.size:,}; {first_of(wrong, served, right)}"
        outcome.fault("tile cells wrong", sentence, int(wrong.sum()))
    return right


def shaded(case: Case, planes: Array, radius: int, colours: list[str], pad: int = truth.PAD) -> Right:
    """Return what is right of cells: spread, scaled, and coloured."""
    wide = shading.spread(planes, case.aggregate, radius, pad)
    cells = shading.scaled(wide)
    scale = shading.scale_of(cells, case.window)
    if scale is None:
        nothing = not shading.filled(cells).any()
        return Right(planes, cells, None, np.zeros((*cells.shape, 4), np.uint8) if nothing else None)
    mixes = case.aggregate == "by"
    pixels = shading.shade(wide, scale, case.query["normalization"], case.window, colours, by_category=mixes)
    return Right(planes, cells, scale, pixels)


def judge_pixels(kind: str, case: Case, seen: Bytes, right: Right, outcome: Outcome) -> None:
    """Compare a picture with Datashader's; cells that it leaves out by rounding are passed over."""
    if right.pixels is None:
        return
    mixes = case.aggregate == "by"
    off = levels_off(seen, right.pixels) > (NEAR_MIXED if mixes else NEAR)
    if mixes:
        off &= ~((right.pixels[..., 3] == 0) & shading.filled(right.cells))
    if off.any():
        many, held = int(off.sum()), int(shading.filled(right.cells).sum())
        sentence = f"{many:,} pixels, where {held:,} cells are filled; {_first_pixel(off, seen, right.pixels)}"
        outcome.fault(kind, sentence, many)
        outcome.pictures |= {kind.split()[0]: seen, f"{kind.split()[0]}-right": right.pixels}


def _first_pixel(off: npt.NDArray[np.bool_], seen: Bytes, right: Bytes) -> str:
    row, column = np.argwhere(off)[0]
    return f"at column {column}, row {row} {seen[row, column].tolist()} for {right[row, column].tolist()}"


def _judge_view_export(case: Case, seen: Seen, pages: Pages, right: Right, outcome: Outcome) -> None:
    """Compare the exported picture with the view, and with Datashader's."""
    exported = picture(pages.fetch(case, seen.told["export"]))
    judge_export(case, seen.pixels, exported, outcome)
    if right.pixels is not None and exported.shape == right.pixels.shape:
        laid = right._replace(pixels=faded(right.pixels, case.opacity))
        judge_pixels("export pixels from Datashader off", case, exported, laid, outcome)


def judge_export(case: Case, shown: Bytes, exported: Bytes, outcome: Outcome) -> None:
    """Compare an exported picture with the one that is shown, at the opacity of the data."""
    if exported.shape != shown.shape:
        outcome.fault("export pixels displaced", f"it is {exported.shape[:2]}, what is shown {shown.shape[:2]}")
        return
    expected = faded(shown, case.opacity)
    off = levels_off(exported, expected)
    outcome.compared("export pixels", off.size)
    # A canvas keeps colours multiplied by their opacity, in whole numbers: of a translucent pixel half a level is lost.
    outcome.counts["export pixels inexact"] += int((off > np.where(expected[..., 3] == 255, 0, 0.51)).sum())
    moved = (exported[..., 3] > 0) != (expected[..., 3] > 0)
    if moved.any():
        outcome.fault("export pixels displaced", _first_pixel(moved, exported, expected), int(moved.sum()))
    other = (off > 1.01) & ~moved
    if other.any():
        sentence = f"{int(other.sum()):,} pixels; {_first_pixel(other, exported, expected)}"
        outcome.fault("export pixels off", sentence, int(other.sum()))
    if moved.any() or other.any():
        outcome.pictures |= {"shown": shown, "export": exported}
