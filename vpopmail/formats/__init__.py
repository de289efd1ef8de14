"""Grammars of the files on disk: bytes to records and back, without any input or output."""
