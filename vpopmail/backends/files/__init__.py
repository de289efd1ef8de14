"""Facets kept as files beside the domains and homes, for backends that do not keep them."""
