"""Pieces of pages. Nothing here runs a stage or knows an HTTP route beyond its address."""
