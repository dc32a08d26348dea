"""A data set as a card of the catalogue, and a file that cannot be opened as a line of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import dash_mantine_components as dmc
from dash import html
from dash.development.base_component import Component

from app.pipeline.types import Dataset
from app.ui.icons import icon
from app.ui.links import image_href, page_href
from app.ui.numbers import count

THUMBNAIL: Final = (480, 300)


@dataclass(frozen=True, slots=True)
class Facts:
    """What a card says beyond the declaration; None where it is not known without reading the file."""

    rows: int | None = None
    columns: int | None = None


def _thumbnail(dataset: Dataset) -> Component:
    width, height = THUMBNAIL
    plot = dataset.plots[0]
    # One for each ground; a browser loads lazily, so only the one that is seen.
    images = [
        dmc.Image(
            src=image_href(dataset.name, plot.name, width, height, {"ground": ground}),
            alt=f"{dataset.title}: {plot.title}",
            className=f"on-{ground}",
            attributes={"root": {"loading": "lazy", "width": width, "height": height}},
        )
        for ground in ("light", "dark")
    ]
    return dmc.Anchor(
        images,
        href=page_href("/explorer", dataset.name),
        className="card-picture",
        tabIndex=-1,
        underline="never",
        **{"data-late": "asked"},
    )


def _facts(facts: Facts) -> Component:
    known = [count(facts.rows, "row")] if facts.rows is not None else ["rows counted when it opens"]
    if facts.columns is not None:
        known.append(count(facts.columns, "column"))
    return html.P(" · ".join(known), className="card-facts figures")


def _plots(dataset: Dataset) -> Component:
    links = [
        html.Li(
            dmc.Anchor(
                plot.title,
                href=page_href("/explorer", dataset.name, plot=plot.name),
                underline="never",
                className="chip",
            )
        )
        for plot in dataset.plots
    ]
    return html.Ul(links, className="chips", **{"aria-label": f"Plots of {dataset.title}"})


def _origin(dataset: Dataset) -> Component | None:
    source = (
        dmc.Anchor(dataset.source, href=dataset.url, target="_blank", inherit=True) if dataset.url else dataset.source
    )
    parts: list[Component | str] = [source] if dataset.source else []
    if dataset.licence:
        parts += [" · ", dataset.licence] if parts else [dataset.licence]
    return html.P(parts, className="card-origin") if parts else None


def _notes(notes: Sequence[str]) -> Component | None:
    if not notes:
        return None
    return html.Details(
        [html.Summary(count(len(notes), "note")), html.Ul([html.Li(note) for note in notes])], className="card-notes"
    )


def _actions(dataset: Dataset) -> Component:
    def button(label: str, section: str, picture: str, look: str) -> Component:
        return dmc.Anchor(
            [icon(picture), label],
            href=page_href(section, dataset.name),
            underline="never",
            className=look,
            **{"aria-label": f"{label}: {dataset.title}"},
        )

    return html.Div(
        [button("Explore", "/explorer", "compass", "button primary"), button("Figure", "/figure", "axes", "button")],
        className="card-actions",
    )


def card(dataset: Dataset, facts: Facts = Facts(), which: str = "") -> Component:
    """Return a data set's card.

    Parameters
    ----------
    dataset : Dataset
    facts : Facts
    which : str
        What tells it from another of the same title.

    Returns
    -------
    Component
        An article; its picture's box keeps its size before, while and after the picture comes.
    """
    body = [
        html.H2(dataset.title),
        html.P(which, className="card-which") if which else None,
        html.P(dataset.description, className="card-text") if dataset.description else None,
        _facts(facts),
        _plots(dataset),
        _origin(dataset),
        _notes(dataset.notes),
        _actions(dataset),
    ]
    return html.Article(
        [_thumbnail(dataset), html.Div([part for part in body if part is not None], className="card-body")],
        className="card",
    )


def unavailable(name: str, reason: str) -> Component:
    """Return the card of a file that was asked for and cannot be opened."""
    return html.Article(
        [
            html.Div([icon("warning"), "Cannot be opened"], className="card-picture card-broken"),
            html.Div(
                [html.H2(name), html.P(reason[:1].upper() + reason[1:], className="card-text")], className="card-body"
            ),
        ],
        className="card unavailable",
    )
