"""Own the making of the embedded data; know nothing of the running application."""
