"""What the programs that administrators type have in common."""
