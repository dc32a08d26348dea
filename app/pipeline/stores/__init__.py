"""Stores: keys to bytes. One kind a file; `registry` opens one by its address."""
