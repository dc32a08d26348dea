"""A pipeline as a picture: a node a stage, an edge a dependency, from left to right, or from top to bottom on a phone.

It owns where nodes and edges lie. What the last action did to each stage is filled in by the browser, into the parts
whose ids are of type ``stages-how`` and ``stages-cost``.
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple, Protocol
from urllib.parse import quote

from dash import html
from dash.development.base_component import Component

WIDTH, HEIGHT, GAP, LANE_GAP, ARC = 152, 108, 30, 18, 30
ROW, ROW_GAP, GUTTER = 64, 14, 30
_PURPOSE: Final[Mapping[str, str]] = {
    "source": "opens the columns",
    "extent": "bounds of what the axes can show",
    "grid": "aggregates points or lines to pixels",
    "viewport": "aggregates the exact view",
    "spread": "makes points larger",
    "stats": "range and distribution of what is seen",
    "index": "values to 65,281 levels",
    "encode": "levels and colours to a PNG",
}


class StageLike(Protocol):
    """What the picture needs of a stage."""

    @property
    def name(self) -> str:
        """The stage's name."""

    @property
    def parents(self) -> tuple[str, ...]:
        """The stages that it is computed from."""


class Place(NamedTuple):
    """Where a stage stands: how far from the roots, beside how many others, and in which row of a single column."""

    rank: int
    lane: int
    row: int


def places(stages: Sequence[StageLike]) -> dict[str, Place]:
    """Return the place of each stage.

    Parameters
    ----------
    stages : sequence of StageLike
        Parents first.

    Returns
    -------
    dict of str to Place
        No two alike; every stage's rank is above its parents'.
    """
    found: dict[str, Place] = {}
    taken: dict[int, int] = {}
    for row, one in enumerate(stages):
        rank = max((found[parent].rank + 1 for parent in one.parents), default=0)
        found[one.name] = Place(rank, taken.get(rank, 0), row)
        taken[rank] = found[one.name].lane + 1
    return found


def _wide_edge(start: Place, end: Place, floor: int) -> str:
    x0, y0 = start.rank * (WIDTH + GAP), start.lane * (HEIGHT + LANE_GAP)
    x1, y1 = end.rank * (WIDTH + GAP), end.lane * (HEIGHT + LANE_GAP)
    if end.rank == start.rank + 1:
        a, b, tip = x0 + WIDTH, x1 - 5, y1 + HEIGHT // 2
        middle = (a + b) // 2
        return f"M{a} {y0 + HEIGHT // 2}C{middle} {y0 + HEIGHT // 2} {middle} {tip} {b} {tip}m-5-5l6 5l-6 5"
    a, b, low = x0 + WIDTH // 2, x1 + WIDTH // 2, floor + ARC - 6
    return f"M{a} {y0 + HEIGHT}V{low - 8}q0 8 8 8H{b - 8}q8 0 8-8V{y1 + HEIGHT + 6}m-5 5l5-6l5 6"


def _tall_edge(start: Place, end: Place) -> str:
    y0, y1 = (one.row * (ROW + ROW_GAP) + ROW // 2 for one in (start, end))
    if end.row == start.row + 1:
        return ""
    return f"M0 {y0 + 8}H{GUTTER - 16}q8 0 8 8V{y1 - 16}q0 8-8 8H6m5-5l-6 5l6 5"


def _drawing(paths: Sequence[str], width: int, height: int) -> str:
    """Return edges as a CSS mask, so that they take the page's colours in light and dark."""
    picture = (
        f"<svg xmlns='http://www.w3.org/2000/svg' width='{width}' height='{height}' fill='none' stroke='black' "
        f"stroke-width='1.75' stroke-linecap='round' stroke-linejoin='round'><path d='{''.join(paths)}'/></svg>"
    )
    return f'url("data:image/svg+xml,{quote(picture)}")'


def _node(graph: str, stage: StageLike, place: Place) -> Component:
    def key(part: str) -> dict[str, str]:
        return {"type": f"stages-{part}", "graph": graph, "stage": stage.name}

    position = {
        "--x": f"{place.rank * (WIDTH + GAP)}px",
        "--y": f"{place.lane * (HEIGHT + LANE_GAP)}px",
        "--row": f"{place.row * (ROW + ROW_GAP)}px",
    }
    return html.Li(
        [
            html.Strong(stage.name),
            html.Span(_PURPOSE.get(stage.name, ""), className="node-purpose"),
            html.Span(className="node-how", id=key("how")),
            html.Span(className="node-cost figures", id=key("cost")),
        ],
        id=key("node"),
        className="node",
        style=position,
    )


def stage_graph(graph: str, stages: Sequence[StageLike]) -> Component:
    """Return the picture of a graph.

    Parameters
    ----------
    graph : str
        The graph's name, in the ids of what the browser fills in.
    stages : sequence of StageLike
        Parents first.

    Returns
    -------
    Component
    """
    where = places(stages)
    floor = (max(one.lane for one in where.values()) + 1) * (HEIGHT + LANE_GAP) - LANE_GAP
    width = (max(one.rank for one in where.values()) + 1) * (WIDTH + GAP) - GAP
    tall = len(stages) * (ROW + ROW_GAP) - ROW_GAP
    edges = [(where[parent], where[one.name]) for one in stages for parent in one.parents]
    arcs = any(end.rank > start.rank + 1 for start, end in edges)
    size = {
        "--wide": f"{width}px",
        "--high": f"{floor + (ARC if arcs else 0)}px",
        "--tall": f"{tall}px",
        "--edges-wide": _drawing([_wide_edge(*edge, floor) for edge in edges], width, floor + ARC),
        "--edges-tall": _drawing([_tall_edge(*edge) for edge in edges], GUTTER, tall),
    }
    said = "; ".join(f"{one.name} from {' and '.join(one.parents) or 'the data'}" for one in stages)
    return html.Div(
        [
            html.Div(className="graph-edges", role="img", **{"aria-label": f"Computed from: {said}."}),
            html.Ol([_node(graph, one, where[one.name]) for one in stages], className="graph-nodes"),
        ],
        className="graph",
        style=size,
    )
