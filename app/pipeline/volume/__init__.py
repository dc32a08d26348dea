"""Bytes under text keys on a local volume: value files, their index, what is put aside. Under `stores.disk`."""
