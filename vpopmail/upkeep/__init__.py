"""Keeping a site in order: laying out, rebuilding, reconciling, diagnosing."""
