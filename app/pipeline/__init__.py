"""The engine: stages, keys, stores, and the aggregation of points. Knows nothing of Dash, Flask or pages."""
