"""Faded images: every alpha at its part, and nothing else changed."""

import io

import numpy as np
import pytest
from PIL import Image

from app.pipeline import png
from app.pipeline.errors import CodecError
from app.pipeline.opacity import faded


def pixels(image: bytes):
    return np.asarray(Image.open(io.BytesIO(image)).convert("RGBA")).astype(int)


def indexed() -> bytes:
    levels = np.arange(256, dtype=np.uint8).reshape(8, 32)
    return png.indexed(levels, np.random.default_rng(2).integers(0, 256, (255, 3), np.uint8))


def direct() -> bytes:
    return png.direct(np.random.default_rng(1).integers(0, 256, (7, 9, 4), np.uint8))


@pytest.mark.parametrize("image", [indexed(), direct()], ids=["indexed", "direct"])
@pytest.mark.parametrize("percent", [0, 1, 30, 50, 85, 99, 100])
def test_each_alpha_is_its_part(image: bytes, percent: int) -> None:
    before, after = pixels(image), pixels(faded(image, percent))
    assert (after[..., :3] == before[..., :3]).all()
    assert (after[..., 3] == np.floor(before[..., 3] * percent / 100 + 0.5)).all()


def test_pixels_of_an_indexed_image_are_not_touched() -> None:
    data = [indexed()[one.start : one.stop] for one in png.chunks(indexed()) if one.type == b"IDAT"]
    faint = faded(indexed(), 40)
    assert [faint[one.start : one.stop] for one in png.chunks(faint) if one.type == b"IDAT"] == data


def test_another_kind_of_image_is_refused() -> None:
    file = io.BytesIO()
    Image.new("L", (3, 3)).save(file, "png")
    with pytest.raises(CodecError, match="colour type 0 with 8 bits a channel cannot be faded"):
        faded(file.getvalue(), 40)
    filtered = io.BytesIO()
    Image.fromarray(np.tile(np.arange(64, dtype=np.uint8)[:, None, None], (1, 64, 4))).save(filtered, "png")
    with pytest.raises(CodecError, match="filtered scanlines"):
        faded(filtered.getvalue(), 40)
