"""Random files by pandas, polars, DuckDB and PyArrow, and what must hold of each: it opens, and its rows add up."""
