"""Addresses of pages and of server-made pictures: the one place that writes them."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote, urlencode

SECTIONS: Final = (
    ("Home", "/"),
    ("Explorer", "/explorer"),
    ("Figure", "/figure"),
    ("Data", "/data"),
    ("Stages", "/stages"),
)


def page_href(section: str, dataset: str = "", **controls: str) -> str:
    """Return the address of a page on a data set.

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
    >>> page_href("/explorer", "flights", plot="routes")
    '/explorer/flights?plot=routes'
    """
    path = f"{section}/{quote(dataset, safe='')}" if dataset else section
    return f"{path}?{urlencode(controls)}" if controls else path


def image_href(dataset: str, plot: str, width: int, height: int, controls: Mapping[str, str] | None = None) -> str:
    """Return the address of a plot's server-shaded picture, ``width`` by ``height`` pixels.

    Examples
    --------
    >>> image_href("stars", "galactic", 480, 300)
    '/image/stars/galactic.png?width=480&height=300'
    """
    query = urlencode({"width": width, "height": height, **(controls or {})})
    return f"/image/{quote(dataset, safe='')}/{quote(plot, safe='')}.png?{query}"
