"""A session of one user on a map, from a seed: what is done, and where.

The user opens the town at 19 m a pixel and stays within 3 km of its centre, between 38 and 0.6 m a pixel. Of the
actions, so many in a hundred are: 44 pans by a fifth of the view in one of eight directions, 15 zooms in and 11 out by
a factor of 2, 10 returns to an earlier view, 8 colormaps, 6 normalisations, 6 aggregates of a field; an aggregate is
looked at for about three actions before the user goes back to counts.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from app.pipeline.controls import Controls
from app.pipeline.scale import NORMALIZATIONS
from app.pipeline.world import WEB_MERCATOR, PixelRect, pixel_quanta
from benchmarks.baseline import SIZE

CENTRE = (-8_234_500.0, 4_977_500.0)
REACH = 3_000.0
OPENING, LEAST, MOST = 12, 11, 17
COLORMAPS = ("fire", "bgy", "bgyw", "bmy", "gray", "kbc")
AGGREGATES = (("mean", "passenger_count"), ("mean", "fare"), ("sum", "fare"))
SHARES = {
    "pan": 0.44,
    "zoom in": 0.15,
    "zoom out": 0.11,
    "earlier view": 0.10,
    "colormap": 0.08,
    "normalisation": 0.06,
    "aggregate": 0.06,
}
BACK_TO_COUNT = 0.35
SIDES = [(across, down) for across in (-1, 0, 1) for down in (-1, 0, 1) if across or down]


class Place(NamedTuple):
    """The centre of a view in quanta, and its zoom."""

    z: int
    u: int
    v: int


class Action(NamedTuple):
    """One action, and what is to be drawn after it: a view's pixels on the power-of-two ladder."""

    kind: str
    controls: Controls
    view: PixelRect


def script(start: Controls, steps: int = 80, seed: int = 7) -> list[Action]:
    """Return the session: the opening, and then as many actions."""
    return list(_actions(start, steps, np.random.default_rng(seed)))


def _actions(now: Controls, steps: int, random: np.random.Generator) -> Iterator[Action]:
    u, v = (int(one.item()) for one in WEB_MERCATOR.quantise(*np.array(CENTRE)[:, None]))
    home = place = Place(OPENING, u, v)
    been = [place]
    yield Action("opening", now, _view(place))
    for _ in range(steps):
        kind = str(random.choice(list(SHARES), p=list(SHARES.values())))
        if now.aggregate != "count" and random.random() < BACK_TO_COUNT:
            kind = "back to count"
        if kind in ("pan", "zoom in", "zoom out", "earlier view"):
            place = _within(home, _moved(kind, place, been, random))
            been.append(place)
        else:
            now = _changed(kind, now, random)
        yield Action(kind, now, _view(place))


def _moved(kind: str, place: Place, been: list[Place], random: np.random.Generator) -> Place:
    if kind == "earlier view":
        return been[random.integers(len(been))]
    if kind == "pan":
        across, down = SIDES[random.integers(len(SIDES))]
        size = pixel_quanta(place.z)
        return place._replace(u=place.u + across * SIZE[0] // 5 * size, v=place.v + down * SIZE[1] // 5 * size)
    return place._replace(z=place.z + (1 if kind == "zoom in" else -1))


def _within(home: Place, place: Place) -> Place:
    reach = round(REACH / WEB_MERCATOR.dx)
    u = min(max(place.u, home.u - reach), home.u + reach)
    v = min(max(place.v, home.v - reach), home.v + reach)
    return Place(min(max(place.z, LEAST), MOST), u, v)


def _changed(kind: str, now: Controls, random: np.random.Generator) -> Controls:
    if kind == "colormap":
        return replace(now, cmap=_other(COLORMAPS, now.cmap, random))
    if kind == "normalisation":
        return replace(now, normalization=_other(NORMALIZATIONS, now.normalization, random))
    if kind == "back to count":
        return replace(now, aggregate="count", field="")
    aggregate, field = AGGREGATES[random.integers(len(AGGREGATES))]
    return replace(now, aggregate=aggregate, field=field)


def _other(choices: tuple[str, ...], now: str, random: np.random.Generator) -> str:
    return str(random.choice([one for one in choices if one != now]))


def _view(place: Place) -> PixelRect:
    size = pixel_quanta(place.z)
    x0, y0 = place.u // size - SIZE[0] // 2, place.v // size - SIZE[1] // 2
    return PixelRect(place.z, x0, x0 + SIZE[0], y0, y0 + SIZE[1])
