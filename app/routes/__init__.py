"""The HTTP routes beside Dash's own, one a file."""
