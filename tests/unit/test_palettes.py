"""Colours: 256 a map, seen on their ground, and grey for what was folded together."""

import re

import numpy as np
import pytest

from app.pipeline.errors import UnknownNameError
from app.pipeline.palettes import (
    CATEGORY_COLORS,
    COLORMAPS,
    GROUNDS,
    MISSING_COLOR,
    OTHER_COLOR,
    category_colors,
    channels,
    find_colormap,
    find_palette,
    rgb,
)

HEX = re.compile(r"#[0-9a-f]{6}")


@pytest.mark.parametrize("name", COLORMAPS)
def test_a_colormap_has_256_colours(name):
    assert len(find_colormap(name)) == 256
    assert all(map(HEX.fullmatch, find_colormap(name)))
    assert find_palette(name) == find_colormap(name)


def test_the_six_of_the_reference_come_first_and_ten_more_follow():
    assert list(COLORMAPS)[:6] == ["fire", "bgy", "bgyw", "bmy", "gray", "kbc"]
    assert len(COLORMAPS) >= 16


def lightness(colour):
    """Return the CIE 1976 lightness of an sRGB colour, 0 to 100."""
    encoded = np.array(rgb(colour)) / 255
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    y = float(linear @ [0.2126, 0.7152, 0.0722])
    return 116 * y ** (1 / 3) - 16 if y > (6 / 29) ** 3 else y * (29 / 3) ** 3


@pytest.mark.parametrize("name", COLORMAPS)
@pytest.mark.parametrize(("ground", "level"), GROUNDS.items())
def test_the_least_value_stands_apart_from_its_ground(name, ground, level):
    laid = find_palette(f"{name}@{ground}")
    assert 192 <= len(laid) <= 256
    assert set(laid) <= set(COLORMAPS[name])
    assert all(map(HEX.fullmatch, laid))
    # A map that is near the ground for long, such as one of a single hue, loses a quarter and no more.
    quarter = (COLORMAPS[name][64], COLORMAPS[name][-65])
    assert abs(lightness(laid[0]) - level) > 15 or laid[0] in quarter


def test_fire_fades_into_either_ground():
    assert lightness(find_palette("fire@dark")[0]) < lightness(find_palette("fire@dark")[-1])
    assert lightness(find_palette("fire@light")[0]) > lightness(find_palette("fire@light")[-1])


@pytest.mark.parametrize(
    ("name", "said"),
    [("fir", "no colormap named 'fir'; did you mean 'fire'"), ("fire@drak", "no ground named 'drak'"),
     ("@dark", "no colormap named ''"), ("fire@", "no ground named ''")],
)  # fmt: skip
def test_unknown_names_say_what_is_known(name, said):
    # An address may end in anything: none is taken for the colormap alone.
    with pytest.raises(UnknownNameError, match=said):
        find_palette(name)
    if "@" not in name:
        with pytest.raises(UnknownNameError, match=said):
            find_colormap(name)


def test_categories_have_their_declared_colours_first():
    assert category_colors(("w", "b", "c"), ("#00ffff", "#00ff00")) == ("#00ffff", "#00ff00", CATEGORY_COLORS[2])
    assert category_colors(()) == ()


def test_what_was_folded_is_grey_unless_it_is_declared():
    assert category_colors(("a", "other", "missing")) == (CATEGORY_COLORS[0], OTHER_COLOR, MISSING_COLOR)
    assert category_colors(("other", "a"), ("#123456",)) == ("#123456", CATEGORY_COLORS[1])


def lab(colours):
    """Return CIE L*a*b* of sRGB colours under D65, shape (n, 3)."""
    linear = channels(colours).T / 255
    linear = np.where(linear <= 0.04045, linear / 12.92, ((linear + 0.055) / 1.055) ** 2.4)
    to_xyz = [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.072175], [0.0193339, 0.119192, 0.9503041]]
    x, y, z = np.cbrt(np.array(to_xyz) @ linear.T / np.array([[0.95047], [1], [1.08883]]))
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], 1)


def test_no_two_categories_look_the_same_on_either_ground():
    all_of_them = lab((*CATEGORY_COLORS, OTHER_COLOR, MISSING_COLOR))
    apart = np.hypot.reduce(all_of_them[:, None] - all_of_them, axis=2) + 999 * np.eye(len(all_of_them))
    assert apart.min() > 16
    grey = np.hypot(*all_of_them[:, 1:].T) < 15
    assert grey.tolist() == [False] * 20 + [True, True]
    assert all(np.abs(all_of_them[:, 0] - ground).min() > 9 for ground in GROUNDS.values())


def test_many_categories_go_round():
    many = category_colors(tuple(map(str, range(50))))
    assert len(many) == 50
    assert many[20] == many[0] == CATEGORY_COLORS[0]
    assert len(set(CATEGORY_COLORS)) == len(CATEGORY_COLORS) == 20
