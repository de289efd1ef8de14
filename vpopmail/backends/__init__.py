"""Where the accounts are: the abstract backend, its implementations, and the file facets.

``abstract``: the interface. ``registry``: backends by name. ``cdb``: vpasswd and vpasswd.cdb in
each domain's directory. ``memory``: this process only. ``null``: no accounts at all.
``files``: limits, last-auth and directory control as files, for backends that lack them.
"""
