"""The front door ``vpopmail``: a module for each noun, and what they have in common."""
