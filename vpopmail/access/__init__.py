"""Logging in: who may, what it opens, what is told of it; and who may do what to whom."""
