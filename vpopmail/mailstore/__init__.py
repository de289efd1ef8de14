"""The tree of mail directories: domains, homes, Maildirs, and the places that are free again."""
