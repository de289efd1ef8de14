"""The default backend: a text file vpasswd in each domain's directory, and its index.

``reading``: lookups. ``writing``: transactions. ``backend``: the two as a backend.
"""
