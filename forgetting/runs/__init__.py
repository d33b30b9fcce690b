"""One run, where text meets training; and fleets of runs."""
