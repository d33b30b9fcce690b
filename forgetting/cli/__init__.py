"""The command `forgetting`."""
