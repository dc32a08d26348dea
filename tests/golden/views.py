"""Writes ``views.json``: which pixels a view of some bounds shows, by arithmetic of its own.

Planes are computed in rationals, degrees in 80-bit floats. The engine and the browser are both held to it:
``python -m tests.golden.views`` writes it anew.
"""

import json
from fractions import Fraction
from math import floor, log2, ulp
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

FILE = Path(__file__).with_suffix(".json")
SIDE = 2**32
R = 20037508.342789244
WORLDS = {
    "degrees": ("lonlat", -R, R, 2 * R / SIDE, -2 * R / SIDE),
    "metres": ("mercator", -R, R, 2 * R / SIDE, -2 * R / SIDE),
    "plane": ("plane", 12.5, -3.0, 1e-7, -1e-9),
    "mirrored": ("plane", 1e6, 2e6, -0.3, 1e-4),
    "far": ("plane", 1.7e12, -4.0e-9, 0.25, -3e-18),
}
SIZES = [(1280, 860), (1279, 861), (390, 844), (1920, 1080), (1, 1), (3001, 7), (512, 513), (4096, 3905)]
# How far beyond the edge, in worlds, degrees still tell a hundredth of a pixel: digits run out at the poles.
REACH = {z: 3.0 if z < 4 else 1.2 for z in range(23)}
NEAR = 1e-3

pi = np.longdouble("3.14159265358979323846264338327950288")


def unprojected(world: str, u: Fraction, v: Fraction) -> tuple[float, float]:
    """Return the data units of a position in quanta."""
    crs, x0, y0, dx, dy = WORLDS[world]
    if crs != "lonlat":
        return float(Fraction(x0) + u * Fraction(dx)), float(Fraction(y0) + v * Fraction(dy))
    latitude = np.arctan(np.sinh(pi * (1 - 2 * _long(v / SIDE)))) * 180 / pi
    return float(u / SIDE * 360 - 180), float(latitude)


def projected(world: str, x: float, y: float) -> tuple[Fraction, Fraction]:
    """Return the position in quanta of data units."""
    crs, x0, y0, dx, dy = WORLDS[world]
    if crs != "lonlat":
        return (Fraction(x) - Fraction(x0)) / Fraction(dx), (Fraction(y) - Fraction(y0)) / Fraction(dy)
    if abs(y) >= 90:  # a pole is the edge of the map
        v = Fraction(0 if y > 0 else SIDE)
    else:
        v = SIDE * _exact((1 - np.arcsinh(np.tan(np.longdouble(y) * pi / 180)) / pi) / 2)
    return (Fraction(x) + 180) / 360 * SIDE, v


def _long(value: Fraction) -> Any:
    high = float(value)
    return np.longdouble(high) + np.longdouble(float(value - Fraction(high)))


def _exact(value: Any) -> Fraction:
    high = float(value)
    return Fraction(high) + Fraction(float(value - np.longdouble(high)))


def shown(world: str, bounds: list[float], width: int, height: int) -> list[int] | None:
    """Return the zoom and the corner of the view of some bounds; None where it is too near to another's."""
    (ua, va), (ub, vb) = (projected(world, bounds[at], bounds[at + 2]) for at in (0, 1))
    span = max(abs(ub - ua) / width, abs(vb - va) / height, Fraction(SIDE, 512 * 2**22))
    ladder = log2(SIDE / 512) - log2(span) + 1e-3
    z = min(max(floor(ladder), 0), 22)
    pixel = Fraction(SIDE, 512 * 2**z)
    corner = [(ua + ub) / 2 / pixel - Fraction(width, 2), (va + vb) / 2 / pixel - Fraction(height, 2)]
    places = [floor(one + Fraction(1, 2)) for one in corner]
    ties = [abs(one + Fraction(1, 2) - round(one + Fraction(1, 2))) for one in corner]
    return None if min(ties) < NEAR or abs(ladder - round(ladder)) < 1e-6 else [z, *places]


def own_view(rnd: Random, world: str, z: int) -> list[Any] | None:
    """Return a view anywhere about the world, and the bounds that it shows."""
    width, height = rnd.choice(SIZES)
    side = 512 * 2**z
    reach = int(REACH[z] * side) if world == "degrees" else 2 * side
    x0 = rnd.choice([rnd.randint(-reach - width, side + reach), -width // 2, side - 3, 2 - width])
    y0 = rnd.choice([rnd.randint(-reach - height, side + reach), -height // 2, side - 3, 2 - height])
    pixel = Fraction(SIDE, side)
    (xa, ya), (xb, yb) = (unprojected(world, (x0 + i * width) * pixel, (y0 + i * height) * pixel) for i in (0, 1))
    bounds = [min(xa, xb), max(xa, xb), min(ya, yb), max(ya, yb)]
    _, _, _, dx, dy = WORLDS[world]
    steps = [abs(one * float(pixel)) for one in (dx, dx, dy, dy)]
    if world == "degrees":
        if y0 < -reach or y0 + height > side + reach:
            return None
    elif any(ulp(bound) > step * NEAR for bound, step in zip(bounds, steps, strict=True)):
        return None
    return [world, bounds, width, height, z, x0, y0]


def any_view(rnd: Random, world: str) -> list[Any] | None:
    """Return bounds that fit no pixels, and the view that shows them."""
    width, height = rnd.choice(SIZES)
    u, v = (Fraction(rnd.uniform(-0.2, 1.2)) * SIDE for _ in range(2))
    across, down = (Fraction(10 ** rnd.uniform(-6, 0.3)) * SIDE for _ in range(2))
    (xa, ya), (xb, yb) = unprojected(world, u, v), unprojected(world, u + across, v + down)
    bounds = [min(xa, xb), max(xa, xb), min(ya, yb), max(ya, yb)]
    place = shown(world, bounds, width, height) if bounds[0] < bounds[1] and bounds[2] < bounds[3] else None
    return place and [world, bounds, width, height, *place]


def written() -> dict[str, Any]:
    """Return what the file holds."""
    rnd = Random(85)
    own = [own_view(rnd, world, z) for world in WORLDS for z in range(23) for _ in range(3)]
    free = [any_view(rnd, world) for world in WORLDS for _ in range(40)]
    poles = [["degrees", [-180.0, 180.0, -90.0, 90.0], 800, 512], ["degrees", [0.0, 60.0, 30.0, 90.0], 301, 200]]
    free += [[*one, *(shown(*one) or [])] for one in poles]
    return {"worlds": WORLDS, "own": [one for one in own if one], "free": [one for one in free if one]}


if __name__ == "__main__":
    told = written()
    parts = [f'"{name}": {json.dumps(told["worlds"])}' if name == "worlds" else
             f'"{name}": [\n' + ",\n".join(json.dumps(one) for one in told[name]) + "\n]" for name in told]  # fmt: skip
    FILE.write_text("{\n" + ",\n".join(parts) + "\n}\n")
