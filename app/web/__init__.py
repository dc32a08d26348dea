"""What every request passes, whatever it asks for: where it came from, what is refused, and what is noted of it."""
