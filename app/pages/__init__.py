"""One page a file, found by Dash itself. Pages reach the engine through `app.runtime` only."""
