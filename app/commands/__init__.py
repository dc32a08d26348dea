"""The commands besides serving, one group a file."""
