"""What errors say of the devices' memory. Without JAX."""

# XLA's own word; CUDA's, where it is asked past XLA's allocator, as by a
# library or to instantiate a graph
_WORDS = (
  "resource_exhausted",
  "out of memory",
  "out_of_memory",
  "alloc_failed",
)


def is_out_of_memory(error: Exception) -> bool:
  """Whether it says that the devices' memory is too small."""
  told = str(error).lower()
  return any(word in told for word in _WORDS)
