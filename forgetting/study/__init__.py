"""Which process does which run of a study, on this machine."""
