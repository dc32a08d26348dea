"""Home: the catalogue of what this instance serves, and how to add a file of one's own."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

import dash
from dash import html
from dash.development.base_component import Component

from app import runtime
from app.datasets.faults import confined
from app.pipeline.errors import DataError
from app.pipeline.table import describe
from app.pipeline.types import Dataset
from app.ui import shell
from app.ui.cards import Facts, card, unavailable
from app.ui.sample import sample
from app.ui.upload import drop_area

dash.register_page(
    __name__,
    path="/",
    name="Home",
    title="Stageboard",
    description="The data sets that this instance serves, and how to add your own.",
    order=0,
)

_COMMAND: Final = "python -m app data add FILE"
_DECLARATION: Final = """title = "Taxi trips"
licence = "CC-BY-4.0"
x = "dropoff_lon"
y = "dropoff_lat"
crs = "lonlat"      # or "mercator", "plane"
kind = "points"     # or "lines", with track = "trip_id", time = "seen"

[fields.fare_amount]
label = "Fare"
unit = "$"
kind = "number"     # or "category", "time"
"""


def _facts(dataset: Dataset) -> Facts:
    """Look at the file of the plot that opens, or raise `DataError` when it has gone since the start."""
    path = dataset.plots[0].path
    with confined(path):
        info = describe(path)
    return Facts(info.rows, len(info.columns))


def _which(dataset: Dataset) -> str:
    """Return what tells a data set from one of the same title: its file and folder, or that it is an upload."""
    path = dataset.plots[0].path
    where = f"{path.parent.name}/{path.name}" if runtime.current().shared(dataset.name) else "your upload"
    return f"{where} · {dataset.name}"


def _own_data() -> Sequence[Component]:
    served = runtime.current()
    return (
        html.H2("Add your own", id="own"),
        drop_area(served.uploads.allowance.upload, served.settings.session_days),
        html.P(
            "A Parquet file or folder, CSV (also .gz), Feather or Arrow. Coordinate pairs, categories, times and "
            "longitude and latitude are recognised and said here; the file stays where it is.",
            className="lede",
        ),
        html.Div(
            [
                html.Div([html.H3("One command"), sample(_COMMAND, "Copy the command")]),
                html.Div(
                    [
                        html.H3("To correct what was recognised: FILE.toml beside FILE"),
                        sample(_DECLARATION, "Copy the declaration"),
                    ]
                ),
            ],
            className="own",
        ),
    )


def layout(**_query: str) -> Component:
    """Return the page."""
    served = runtime.current()
    shown, gone, found = [], served.unavailable(), served.datasets()
    titles = Counter(one.title for one in found)
    for one in found:
        try:
            shown.append(card(one, _facts(one), _which(one) if titles[one.title] > 1 else ""))
        except DataError as error:
            gone.append((one.title, str(error)))
    lost = [unavailable(*one) for one in gone]
    return shell.page(
        html.H1("Point data too big for a browser"),
        html.P(
            "Look at all of it. Each action re-runs only the stages that it changes, "
            "and what anyone has computed is reused by all.",
            className="lede",
        ),
        html.Div([*shown, *lost], className="cards"),
        *_own_data(),
    )
