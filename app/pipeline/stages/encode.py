"""The image in its colormap."""

from app.pipeline import palettes, png
from app.pipeline.codecs import RAW
from app.pipeline.stage import stage


@stage("encode", parents=("index",), params=("cmap",), codec=RAW, uses=(palettes, png))
def encode(image: bytes, *, cmap: str) -> bytes:
    """Put a colormap, or one laid on a ground, into an indexed PNG; only its palette changes."""
    return png.recoloured(image, palettes.find_palette(cmap))
