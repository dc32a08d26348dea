"""Kernels: the commonest are compiled before they are asked for."""

from app.pipeline import strokes, tiles
from app.pipeline.warmup import warm_up


def test_kernels_compile() -> None:
    warm_up()
    # Lines of numbers of both types, and of codes.
    assert len(strokes._draw.signatures) >= 3
    # Of tiles of floats: those that are not whole are looked at in another way.
    assert all(one.signatures for one in (tiles._held, tiles._placed, tiles._survey, tiles._is_broken))
