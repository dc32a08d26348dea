"""Icons, drawn by `assets/icons.css` in the colour of the text beside them."""

from dash import html
from dash.development.base_component import Component


def icon(name: str) -> Component:
    """Return an icon for the eye only: say in words what it means.

    Examples
    --------
    >>> icon("sun").className
    'icon icon-sun'
    """
    return html.Span(className=f"icon icon-{name}", **{"aria-hidden": "true"})
