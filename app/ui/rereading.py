"""Controls that correct how a file was taken: its coordinate system, a plane's scales, where tracks are cut."""

from collections.abc import Sequence
from typing import Final

import dash_mantine_components as dmc
from dash import dcc, html
from dash.development.base_component import Component

from app.pipeline.types import CORRECTED, EQUAL, Dataset, Plot
from app.ui.controls import group, labelled, select
from app.ui.failure import declaration
from app.ui.sample import sample

_SYSTEMS: Final = (
    ("lonlat", "Longitude and latitude"),
    ("mercator", "Web mercator, metres"),
    (f"plane{CORRECTED}equal", "A plane, equal scales"),
    (f"plane{CORRECTED}free", "A plane, each axis its own"),
)
_GAPS: Final = (("900", "15 minutes"), ("3600", "1 hour"), ("21600", "6 hours"), ("86400", "1 day"), ("0", "none"))
_JUMPS: Final = (("1", "1 km"), ("10", "10 km"), ("100", "100 km"), ("1000", "1,000 km"), ("0", "none"))
_FOUND: Final = "found"
_AS_FOUND: Final = {"value": _FOUND, "label": "As recognised"}


def reading_group(dataset: Dataset, plot: Plot, own: bool) -> Component:
    """Return the controls, and once something is corrected, the TOML that keeps it.

    Parameters
    ----------
    dataset : Dataset
    plot : Plot
        One of its plots, or one that is read in another way.
    own : bool
        Whether it is an upload of who is asking: no file can be put beside it.
    """
    base = plot.base
    words = plot.name.split(CORRECTED)[1:]
    system = [word for word in words if not word.startswith(("gap-", "jump-"))]
    tracks = plot.kind == "lines" and bool(plot.order.column)
    asked = [
        _system(dataset.find_plot(base), system),
        _code(system),
        _cut("gap", "A line ends at a gap of", _GAPS, words, tracks),
        _cut("jump", "A line ends at a jump of", _JUMPS, words, tracks and plot.geographic),
    ]
    said = html.P("This view alone reads it so. To have it read so always:", className="control-note")
    kept = [] if own or not words else [said, sample(declaration(plot), "Copy the declaration")]
    marks = dcc.Store(id="explorer-base", data=base)
    summary = html.Summary("Read the file in another way")
    return html.Details([summary, group("Reading", *asked), *kept, marks], open=bool(words), className="rereading")


def _system(found: Plot, words: Sequence[str]) -> Component:
    scales = "" if found.geographic else f"plane{CORRECTED}{'equal' if found.aspect == EQUAL else 'free'}"
    options = [{"value": value, "label": label} for value, label in _SYSTEMS if value not in (found.crs, scales)]
    value = CORRECTED.join(words)
    if value and value not in [one["value"] for one in options]:
        options.append({"value": value, "label": value.replace("-", ":").upper()})
    return select("explorer", "system", "Coordinates", [_AS_FOUND, *options], value or _FOUND)


def _code(words: Sequence[str]) -> Component:
    code = next((word.removeprefix("epsg-") for word in words if word.startswith("epsg-")), "")
    field = dmc.TextInput(id="explorer-epsg", placeholder="2056", value=code, debounce=True, size="sm",
                          **{"aria-label": "EPSG code"})  # fmt: skip
    return labelled("explorer", "epsg", "EPSG code", field)


def _cut(name: str, label: str, choices: Sequence[tuple[str, str]], words: Sequence[str], fits: bool) -> Component:
    value = next((word for word in words if word.startswith(f"{name}-")), _FOUND)
    options = [{"value": f"{name}-{amount}", "label": text} for amount, text in choices]
    if value not in [_FOUND, *(one["value"] for one in options)]:
        options.append({"value": value, "label": value.removeprefix(f"{name}-")})
    return html.Div(select("explorer", name, label, [_AS_FOUND, *options], value), hidden=not fits)
