"""Cloud TPUs by name: which there are, how many hosts a slice has.

Names are Google's: v2 to v4 and v5p count TensorCores, v5litepod and v6e
chips. A host has four chips, or up to eight of a v5litepod or v6e alone.
"""

import dataclasses
import difflib

from forgetting.config import InputError


@dataclasses.dataclass(frozen=True)
class Generation:
  """A generation of TPUs.

  Attributes:
    sizes: of slices that are sold.
    host: how much of a size a host of a slice of several has.
    alone: the largest size on one host.
    runtime: image of the TPU VM that JAX wants.
  """

  sizes: tuple[int, ...]
  host: int
  alone: int
  runtime: str


_CORES = tuple(8 * 2**i for i in range(10))
_CHIPS = (1, 4, 8, 16, 32, 64, 128, 256)
_UBUNTU = "tpu-ubuntu2204-base"

GENERATIONS = {
  "v2": Generation((8, 32, 128, 256, 512), 8, 8, _UBUNTU),
  "v3": Generation((8, 32, 64, 128, 256, 512, 1024, 2048), 8, 8, _UBUNTU),
  "v4": Generation(_CORES, 8, 8, _UBUNTU),
  "v5litepod": Generation(_CHIPS, 4, 8, "v2-alpha-tpuv5-lite"),
  "v5p": Generation(_CORES, 8, 8, "v2-alpha-tpuv5"),
  "v6e": Generation(_CHIPS, 4, 8, "v2-alpha-tpuv6e"),
}


@dataclasses.dataclass(frozen=True)
class Slice:
  """A slice that is sold.

  Attributes:
    name: as v5litepod-16.
    hosts: how many machines it has.
    runtime: image of the TPU VM that JAX wants.
  """

  name: str
  hosts: int
  runtime: str


def find(name: str, *, where: str) -> Slice:
  """A slice by Google's name, with or without "tpu-" before it.

  Args:
    name: as v5litepod-16 or tpu-v5litepod-16.
    where: the setting, for messages.

  Raises:
    InputError: there is none of that name.
  """
  short = name.removeprefix("tpu-")
  kind, _, size = short.rpartition("-")
  generation = GENERATIONS.get(kind)
  if generation is None:
    near = difflib.get_close_matches(kind, GENERATIONS, n=1, cutoff=0.4)
    hint = f"; did you mean {near[0]}?" if near else ""
    raise InputError(
      f"{where}: found {name!r}, expected a TPU as v5litepod-16, of"
      f" {', '.join(GENERATIONS)}{hint}"
    )
  if not size.isdigit() or int(size) not in generation.sizes:
    sizes = ", ".join(f"{kind}-{s}" for s in generation.sizes)
    raise InputError(f"{where}: found {name!r}, expected one of {sizes}")
  one = int(size) <= generation.alone
  hosts = 1 if one else int(size) // generation.host
  return Slice(short, hosts, generation.runtime)
