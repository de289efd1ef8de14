"""Changes as data: steps, the executor that carries them out, the journal of unfinished ones."""
