"""Places for what the browser says about a view: the legend, and the readouts at the map's edge."""

from dash import html
from dash.development.base_component import Component


def legend(page: str = "explorer") -> Component:
    """Return the legend's place on a page; `assets/legend.js` writes it, with the true numbers."""
    return html.Section(id=f"{page}-legend", className="explorer-legend", **{"aria-label": "Legend"})


def readouts() -> list[Component]:
    """Return the places over the map: axis ticks, zoom and pixel size, the value under the cursor, messages."""
    return [
        html.Div(id="explorer-axes", **{"aria-hidden": "true"}),
        html.Div([html.Div(id="explorer-status"), html.Div(id="explorer-value")], className="explorer-chips"),
        html.Div(id="explorer-message", role="alert"),
    ]
