"""Accelerators by name: what a dry run reckons with. Makers' figures."""

import dataclasses
import os

from forgetting.config import InputError

GIB = 2**30


@dataclasses.dataclass(frozen=True)
class Chip:
  """One device.

  Attributes:
    bfloat16, float32: FLOP/s of dense matrix products at their peak.
    name: as --chip has it.
    memory: bytes.
    attention: "fused" where cuDNN computes it, of 16-bit numbers.
    mfu: the part of the peak assumed where none is stated.
  """

  name: str
  bfloat16: float
  float32: float
  memory: int
  attention: str = "written out"
  mfu: float = 0.4

  def peak(self, dtype: str) -> float:
    """FLOP/s of matrix products of numbers of that type."""
    return getattr(self, dtype)


def _cpu() -> Chip:
  """One core of this machine at an AVX-512 core's rate, and its memory."""
  pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
  cores = os.cpu_count() or 1
  return Chip("cpu", 210e9, 210e9, pages // cores)


# A TPU multiplies float32 in one bfloat16 pass unless told otherwise.
CHIPS = {
  chip.name: chip
  for chip in (
    Chip("h200", 989e12, 67e12, 141 * 10**9, "fused"),
    Chip("h100", 989e12, 67e12, 80 * 10**9, "fused"),
    Chip("a100", 312e12, 19.5e12, 80 * 10**9, "fused"),
    Chip("a100-40", 312e12, 19.5e12, 40 * 10**9, "fused"),
    Chip("l4", 121e12, 30e12, 24 * 10**9, "fused"),
    Chip("rtx4090", 165e12, 83e12, 24 * 10**9, "fused"),
    Chip("v4", 275e12, 275e12, 32 * GIB),
    Chip("v5e", 197e12, 197e12, 16 * GIB),
    Chip("v5p", 459e12, 459e12, 95 * GIB),
    Chip("v6e", 918e12, 918e12, 32 * GIB),
  )
}


def find(name: str) -> Chip:
  """The chip of that name.

  Raises:
    InputError: there is none.
  """
  if name == "cpu":
    return _cpu()
  if name not in CHIPS:
    raise InputError(
      f"--chip: found {name!r}, expected one of cpu, {', '.join(CHIPS)}"
    )
  return CHIPS[name]
