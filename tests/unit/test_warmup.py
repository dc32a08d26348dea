"""Kernels: the commonest are compiled before they are asked for."""

from app.pipeline.warmup import warm_up


def test_kernels_compile() -> None:
    warm_up()
