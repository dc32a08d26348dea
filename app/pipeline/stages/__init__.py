"""The stages, one a file; `registry` lists them and makes the graphs."""
