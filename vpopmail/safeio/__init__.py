"""Changing files so that they are old or new, never torn, and never through a link.

``seam``: the system calls. ``directory``: work beneath an open directory, atomic replacement.
``rewriting``: replacing what is somebody else's. ``paths``: paths that a caller gives.
``locks``: lock files shared with the C tools. ``tree``: removing and giving away whole trees.
"""
