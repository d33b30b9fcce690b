"""Memory of this process: what it held at most, and what it may keep."""

from collections.abc import Mapping
import ctypes
import resource
import sys

from forgetting.cost.footprint import USABLE


def peak_memory() -> int:
  """Bytes that this process has held at most."""
  used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
  return used if sys.platform == "darwin" else used * 1024


def gpu_share(environment: Mapping[str, str]) -> dict[str, str]:
  """Variables that let JAX take what a dry run counts on of a GPU's memory.

  By itself it takes three quarters. What the environment says stays.
  """
  names = ("XLA_CLIENT_MEM_FRACTION", "XLA_PYTHON_CLIENT_MEM_FRACTION")
  if any(name in environment for name in names):
    return {}
  return {names[0]: str(USABLE)}


def keep_freed_memory() -> None:
  """Tells glibc not to return freed memory to the kernel.

  XLA:CPU allocates its temporary buffer anew every step, a bootstrap its
  arrays every iteration; unmapped and mapped again they cost tens of thousands
  of page faults. For processes of their own only: they never shrink.
  """
  if sys.platform != "linux":
    return
  try:
    mallopt = ctypes.CDLL("libc.so.6").mallopt
  except OSError:  # another C library
    return
  trim_threshold, top_pad, mmap_max, arena_max = -1, -2, -4, -8
  mallopt(mmap_max, 0)
  mallopt(trim_threshold, 2**31 - 1)
  mallopt(top_pad, 64 << 20)
  mallopt(arena_max, 1)
