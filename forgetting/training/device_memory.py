"""What errors say of the devices' memory. Without JAX."""


def is_out_of_memory(error: Exception) -> bool:
  """Whether it says that the devices' memory is too small."""
  return "RESOURCE_EXHAUSTED" in str(error)
