"""Telling of changes: ``events`` to subscribers in this process, ``on_change`` to the script."""
