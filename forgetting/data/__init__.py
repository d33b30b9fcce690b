"""Text to fixed-length chunks of tokens to mixed batches."""
