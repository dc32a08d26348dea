"""What a page shows where a file cannot be opened: that it failed, why, and what helps."""

import json
from typing import Final

import dash_mantine_components as dmc
from dash import html
from dash.development.base_component import Component

from app.pipeline.types import EQUAL, Dataset, Plot
from app.ui.icons import icon
from app.ui.links import page_href, rooted
from app.ui.sample import sample

_AGAIN: Final = "Try again"


def declaration(plot: Plot) -> str:
    """Return what was taken of a file, as the TOML that corrects it.

    Examples
    --------
    >>> from pathlib import Path
    >>> from app.pipeline.types import Axis
    >>> print(declaration(Plot("all", Path("a.csv"), Axis("lon"), Axis("lat"), crs="lonlat")))
    # a.csv.toml, beside a.csv
    x = "lon"
    y = "lat"
    crs = "lonlat"  # or "mercator", "plane"
    kind = "points"  # or "lines"
    """
    crs = [one for one in ("lonlat", "mercator", "plane") if one != plot.crs]
    kind = "points" if plot.kind == "lines" else "lines"
    lines = [
        f"# {plot.path.name}.toml, beside {plot.path.name}",
        f"x = {json.dumps(plot.x.column, ensure_ascii=False)}",
        f"y = {json.dumps(plot.y.column, ensure_ascii=False)}",
        f'crs = "{plot.crs}"  # or "{crs[0]}", "{crs[1]}"',
        f'kind = "{plot.kind}"  # or "{kind}"',
    ]
    if plot.track:
        lines.append(f"track = {json.dumps(plot.track, ensure_ascii=False)}")
    if not plot.geographic:
        lines.append(f'scales = "{"equal" if plot.aspect == EQUAL else "free"}"')
    for key, amount in (("gap_time", plot.order.gap), ("gap_distance", plot.order.jump)):
        if amount is not None:
            lines.append(f"{key} = {amount:g}")
    return "\n".join(lines)


def ways_on(section: str, dataset: Dataset, plot: Plot, own: bool) -> list[Component]:
    """Return what helps where a file cannot be opened.

    Parameters
    ----------
    section : str
        ``"/explorer"`` or ``"/figure"``.
    dataset, plot : Dataset, Plot
    own : bool
        Whether it is an upload of who is asking: no file can be put beside it.
    """
    others = [one for one in dataset.plots if one.name != plot.name]
    # A link of the browser's own: Dash would take the same address for one that it shows already.
    again = html.A(_AGAIN, href=page_href(section, dataset.name, plot=plot.name), className="button primary")
    more = [
        dmc.Anchor(
            f"Open {one.title}",
            href=page_href(section, dataset.name, plot=one.name),
            underline="never",
            className="button",
        )
        for one in others[:2]
    ]
    home = dmc.Anchor("See all data sets", href=rooted("/"), underline="never", className="button")
    how = "send the file again with such columns named so" if own else "correct it in this file, then try again"
    return [
        html.Div([again, *more, home], className="actions"),
        html.H2("Was it taken for something else?"),
        html.P(f"This is what the file was taken for: {how}."),
        sample(declaration(plot), "Copy the declaration"),
    ]


def failure(section: str, dataset: Dataset, plot: Plot, sentence: str, own: bool = False) -> Component:
    """Return a page's whole content where a file cannot be opened.

    The arguments are those of `ways_on`, and ``sentence``: the message of a `StageboardError` as it stands.
    """
    return html.Div(
        [
            icon("warning"),
            html.H1(f"{dataset.title} could not be opened"),
            html.P(sentence[:1].upper() + sentence[1:], className="failure-why"),
            *ways_on(section, dataset, plot, own),
        ],
        className="notice failure",
        role="alert",
    )
