"""The C functions by family: each calls the object face, translates the error, and returns."""
