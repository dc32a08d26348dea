"""Addresses of pages and of server-made pictures: the one place that writes them."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote, urlencode

from flask import has_request_context, request

SECTIONS: Final = (
    ("Home", "/"),
    ("Explorer", "/explorer"),
    ("Figure", "/figure"),
    ("Data", "/data"),
    ("Stages", "/stages"),
)


def rooted(path: str) -> str:
    """Return an address of the app as the browser must ask for it: under the path that the app is served under.

    Examples
    --------
    >>> rooted("/stages")
    '/stages'
    """
    return request.script_root + path if has_request_context() else path


def page_path(section: str, dataset: str = "", **controls: str) -> str:
    """Return a page's path within the app, on a data set.

    Parameters
    ----------
    section : str
        ``"/explorer"`` or ``"/figure"``.
    dataset : str
        A name of the catalogue; empty for the page's own choice.
    **controls : str
        Values of controls, by the names that the address uses.

    Returns
    -------
    str

    Examples
    --------
    >>> page_path("/explorer", "flights", plot="routes")
    '/explorer/flights?plot=routes'
    """
    path = f"{section}/{quote(dataset, safe='')}" if dataset else section
    return f"{path}?{urlencode(controls)}" if controls else path


def page_href(section: str, dataset: str = "", **controls: str) -> str:
    """Return the address of a page on a data set, of the arguments of `page_path`."""
    return rooted(page_path(section, dataset, **controls))


def image_href(dataset: str, plot: str, width: int, height: int, controls: Mapping[str, str] | None = None) -> str:
    """Return the address of a plot's server-shaded picture, ``width`` by ``height`` pixels.

    Examples
    --------
    >>> image_href("stars", "galactic", 480, 300)
    '/image/stars/galactic.png?width=480&height=300'
    """
    query = urlencode({"width": width, "height": height, **(controls or {})})
    return rooted(f"/image/{quote(dataset, safe='')}/{quote(plot, safe='')}.png?{query}")


def figure_href(token: str) -> str:
    """Return the address of the picture that a figure's token stands for."""
    return rooted(f"/image/{token}.png")


def events_href(dataset: str, plot: str) -> str:
    """Return the address of the progress of a plot that is being prepared."""
    return rooted(f"/events/{quote(dataset, safe='')}/{quote(plot, safe='')}")
