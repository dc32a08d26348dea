"""What a page shows while a plot's columns are laid out on disk; the browser reloads it when they are."""

import dash_mantine_components as dmc
from dash import html
from dash.development.base_component import Component
from dash_extensions import SSE

from app.pipeline.types import Dataset, Plot
from app.ui.failure import ways_on
from app.ui.links import events_href


def preparing(dataset: Dataset, plot: Plot, section: str = "/explorer", own: bool = False) -> Component:
    """Return a page's whole content while a plot is prepared.

    `assets/preparing.js` moves its progress; where it fails, it shows why and the ways on, which stand there unseen.
    The arguments are those of `ways_on`.
    """
    return html.Div(
        [
            html.H1(f"Preparing {dataset.title}"),
            html.P(
                "Its columns are laid out on disk once. The page opens by itself, and at once from then on.",
                className="preparing-why",
            ),
            dmc.Progress(
                id="explorer-preparing", value=0, size="lg", transitionDuration=200, **{"aria-label": "Progress"}
            ),
            html.P("reading", id="explorer-preparing-message", className="figures", role="status"),
            dmc.Button("Stop", id="explorer-preparing-stop", variant="default"),
            SSE(
                id="explorer-events",
                url=events_href(dataset.name, plot.name),
                options={"method": "GET"},
                concat=False,
            ),
            html.Div(ways_on(section, dataset, plot, own), className="preparing-ways"),
        ],
        className="preparing",
        **{"data-failure": f"{dataset.title} could not be prepared"},
    )
