"""Keeping a site in order: laying out a new one."""
