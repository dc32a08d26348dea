"""Where a file is dropped or chosen, and the list of what a session has sent; `assets/upload.js` does the sending."""

import time
from collections.abc import Sequence
from typing import Final

import dash_mantine_components as dmc
from dash import html
from dash.development.base_component import Component

from app.datasets.suspects import EXTENSIONS
from app.datasets.uploads import Upload
from app.ui.links import page_href, rooted
from app.ui.numbers import count, size
from app.ui.sheet import Cell, sheet

DELETE: Final = "data-delete"


def drop_area(most: int, days: int) -> Component:
    """Return the place for a file.

    Parameters
    ----------
    most : int
        Bytes that one file may have.
    days : int
        How long an upload is kept after the last visit.
    """
    return html.Section(
        [
            html.P(
                f"Drop a Parquet, CSV or Feather file of up to {size(most)} anywhere on this page. Only this browser "
                f"can see it; it is deleted {count(days, 'day')} after your last visit, or when you say so.",
                className="lede",
            ),
            html.Button("Choose a file", type="button", className="button primary", **{"data-upload": "choose"}),
            html.P("", className="upload-said figures", role="status", **{"data-upload": "said"}),
            html.Progress(value="0", max="1", className="upload-bar", hidden=True, **{"data-upload": "bar"}),
        ],
        className="upload",
        **{
            "aria-label": "Send a file",
            "data-address": rooted("/uploads/"),
            "data-most": str(most),
            "data-accept": ",".join(EXTENSIONS),
        },
    )


def own_table(uploads: Sequence[tuple[Upload, int]], *, deletable: bool = True) -> Component:
    """Return the list of a session's uploads, with the bytes that each takes on the disk."""
    if not uploads:
        return html.P("You have sent nothing that is kept.", className="quiet")
    heads = ("File", "Rows", "Columns", "On disk", "Age", *([""] if deletable else []))
    return sheet(heads, (_row(*one, deletable) for one in uploads), heads[1:5])


def _row(one: Upload, held: int, deletable: bool) -> list[Cell]:
    delete = dmc.Button(
        "Delete",
        id={"type": DELETE, "name": one.name},
        variant="default",
        size="compact-sm",
        **{"aria-label": f"Delete {one.file}"},
    )
    name = dmc.Anchor(one.file, href=page_href("/explorer", one.name))
    facts = (f"{one.rows:,}", f"{one.columns:,}", size(held), age(time.time() - one.at))
    return [name, *facts, *([delete] if deletable else [])]


def age(seconds: float) -> str:
    """Return a span of time in its largest unit.

    Examples
    --------
    >>> age(20), age(7_300), age(200_000)
    ('just now', '2 hours', '2 days')
    """
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= length:
            return count(int(seconds // length), unit)
    return "just now"
