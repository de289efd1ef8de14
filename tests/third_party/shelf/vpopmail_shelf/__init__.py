"""An auth backend for vpopmail: the accounts of each domain in one JSON file.

Configure it by ``backend = "shelf"``. The files lie in ``shelf`` below vpopmaildir.
"""
