"""The place of the stage ribbon, which `assets/ribbon.js` writes after every action."""

from dash import html
from dash.development.base_component import Component


def ribbon(page: str = "explorer") -> Component:
    """Return the ribbon's place on a page, and the polite live region that reads its sentence out."""
    return html.Section(
        [html.Div(id=f"{page}-ribbon"), html.Div(id=f"{page}-live", className="unseen", **{"aria-live": "polite"})],
        className="explorer-ribbon",
        **{"aria-label": "Stages of the last action"},
    )
