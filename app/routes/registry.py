"""The routes: one file each, and one line here. Each builds a blueprint on a runtime."""

from collections.abc import Callable

from flask import Blueprint

from app.routes import bundles, events, figures, geography, health, images, lanes, metrics, tiles, uploads, values
from app.runtime import Runtime

BLUEPRINTS: tuple[Callable[[Runtime], Blueprint], ...] = (
    tiles.blueprint,
    values.blueprint,
    lanes.blueprint,
    images.blueprint,
    figures.blueprint,
    events.blueprint,
    uploads.blueprint,
    geography.blueprint,
    bundles.blueprint,
    health.blueprint,
    metrics.blueprint,
)
