"""Domains, users, their limits and places: the rules, above the stores."""
