"""A small study as tables: it comes with the program, for the notebooks."""
