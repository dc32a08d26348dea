"""A table of things by name, which is a card a thing where the page is narrow."""

from collections.abc import Collection, Iterable, Sequence
from typing import TypeAlias

from dash import html
from dash.development.base_component import Component

Cell: TypeAlias = str | Component


def sheet(heads: Sequence[str], rows: Iterable[Sequence[Cell]], numbers: Collection[str]) -> Component:
    """Return a table.

    Parameters
    ----------
    heads : sequence of str
        Of its columns; the first is of names, and one of buttons has none.
    rows : iterable of sequence
        A cell for each head; empty ones are left out of a card.
    numbers : collection of str
        Heads of the columns that are aligned on the right.

    Returns
    -------
    Component

    Notes
    -----
    The roles are said once more because browsers forget them where styles make cards of a table's rows.
    """
    kinds = ["number" if one in numbers else "" for one in heads]
    head = [
        html.Th(one, scope="col", role="columnheader", className=kind) for one, kind in zip(heads, kinds, strict=True)
    ]
    body = [html.Tr([_cell(*one) for one in zip(row, heads, kinds, strict=True)], role="row") for row in rows]
    table = html.Table([html.Thead(html.Tr(head, role="row")), html.Tbody(body)], role="table")
    return html.Div(table, className="sheet stacks", tabIndex=0)


def _cell(content: Cell, head: str, kind: str) -> Component:
    return html.Td(content, role="cell", className=kind, **{"data-label": head})
