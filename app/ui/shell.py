"""The frame around every page: header, navigation, colour scheme, and the document that holds them.

It owns the ids ``shell-*``. It refuses to know what any page shows.
"""

from pathlib import Path
from typing import Final
from urllib.parse import quote

import dash
import dash_mantine_components as dmc
from dash import ClientsideFunction, Input, Output, clientside_callback, dcc, html
from dash.development.base_component import Component

from app.ui.icons import icon
from app.ui.links import SECTIONS, rooted
from app.ui.theme import THEME

TOAST: Final = "shell-toast"
_SCHEMES: Final = (("light", "sun", "Light"), ("dark", "moon", "Dark"), ("auto", "screen", "As the system"))

# Before anything is painted: Mantine sets the same attribute, but only when it mounts.
SCHEME_SCRIPT: Final = """(function () {
  var chosen = localStorage.getItem("mantine-color-scheme-value");
  if (chosen !== "light" && chosen !== "dark")
    chosen = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  document.documentElement.setAttribute("data-mantine-color-scheme", chosen);
})();"""
SCHEME: Final = f"<script>{SCHEME_SCRIPT}</script>"

# In the document itself: Chromium asks for a linked icon anew whenever a page writes its address.
FAVICON: Final = "data:image/svg+xml," + quote(
    (Path(__file__).parent.parent / "assets" / "favicon.svg").read_text("utf-8")
)

_INDEX: Final = (
    """<!DOCTYPE html>
<html lang="en" data-root="ROOT">
  <head>
    {%metas%}
    <title>{%title%}</title>
    """
    + f'<link rel="icon" type="image/svg+xml" href="{FAVICON}">'
    + """
    <link rel="preload" as="font" type="font/woff2" crossorigin href="ROOT/assets/fonts/inter.woff2">
    """
    + SCHEME
    + """
    {%css%}
  </head>
  <body>
    {%app_entry%}
    <noscript>Stageboard draws in the browser: allow JavaScript for this page.</noscript>
    <footer>{%config%}{%scripts%}{%renderer%}</footer>
  </body>
</html>"""
)


def index(root: str) -> str:
    """Return the document that holds every page, for Dash to fill in.

    Parameters
    ----------
    root : str
        The path that the app is served under, without a slash at its end; our scripts read it from ``data-root``.
    """
    return _INDEX.replace("ROOT", root)


def _links() -> list[Component]:
    return [
        dmc.Anchor(label, href=href, underline="never", className="shell-link", **{"data-section": href})
        for label, href in ((label, rooted(path)) for label, path in SECTIONS)
    ]


def _scheme_control() -> Component:
    choices = [
        {"value": value, "label": html.Span([icon(picture), html.Span(name, className="unseen")])}
        for value, picture, name in _SCHEMES
    ]
    return dmc.SegmentedControl(
        id="shell-scheme", data=choices, size="xs", radius="xl", w=94, **{"aria-label": "Colour scheme"}
    )


def _header() -> Component:
    mark = html.Img(src=rooted("/assets/favicon.svg"), alt="", width=22, height=22)
    brand = dmc.Anchor([mark, "Stageboard"], href=rooted("/"), underline="never", className="brand")
    burger = dmc.Burger(id="shell-burger", opened=False, size="sm", className="shell-burger", **{"aria-label": "Menu"})
    nav = html.Nav(_links(), className="shell-links", **{"aria-label": "Pages"})
    return html.Header([burger, brand, nav, _scheme_control()], className="shell-header")


def _menu() -> Component:
    nav = html.Nav(_links(), className="shell-menu", **{"aria-label": "Pages"})
    return dmc.Drawer(
        nav,
        id="shell-menu",
        opened=False,
        keepMounted=True,
        size="264px",
        padding="md",
        withCloseButton=False,
        **{"aria-label": "Menu"},
    )


def layout() -> Component:
    """Return the frame, with a place for the page."""
    return dmc.MantineProvider(
        [
            html.A("Skip to the content", href="#shell-main", className="skip"),
            _header(),
            _menu(),
            html.Main(dash.page_container, id="shell-main", className="shell-main", tabIndex=-1),
            html.Div(id=TOAST, className="toast", **{"aria-live": "polite"}),
            dcc.Store(id="shell-told"),
        ],
        theme=THEME,
        defaultColorScheme="auto",
    )


def page(*children: Component) -> Component:
    """Return a page's content in the reading column; pages that fill the window do without."""
    return html.Div(list(children), className="page")


def register() -> None:
    """Register the frame's callbacks, all of them in the browser. Call once an app."""

    def told(function: str) -> ClientsideFunction:
        return ClientsideFunction("shell", function)

    clientside_callback(told("restore"), Output("shell-scheme", "value"), Input("shell-scheme", "id"))
    clientside_callback(told("scheme"), Output("shell-told", "data"), Input("shell-scheme", "value"))
    clientside_callback(told("navigated"), Output("shell-burger", "opened"), Input("_pages_location", "pathname"))
    clientside_callback(told("menu"), Output("shell-menu", "opened"), Input("shell-burger", "opened"))
    clientside_callback(
        told("closed"),
        Output("shell-burger", "opened", allow_duplicate=True),
        Input("shell-menu", "opened"),
        prevent_initial_call=True,
    )
