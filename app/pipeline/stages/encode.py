"""The image in its colormap."""

from app.pipeline import png
from app.pipeline.codecs import RAW
from app.pipeline.palettes import find_colormap
from app.pipeline.stage import stage


@stage("encode", parents=("index",), params=("cmap",), codec=RAW, uses=(png,))
def encode(image: bytes, *, cmap: str) -> bytes:
    """Put a colormap into an indexed PNG; only its palette changes."""
    return png.recoloured(image, find_colormap(cmap))
