"""The tables themselves: what they should be, what they are, and the statements between the two."""
