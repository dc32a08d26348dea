"""Stageboard: explore point data too big for a browser, re-running only the stages that an action changes."""

__version__ = "0.1.0"
