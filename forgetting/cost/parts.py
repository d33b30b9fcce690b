"""In how many parts a batch is computed, one after the other, so that it fits.

That is where a run is done and not what it computes: the sums are the same, in
another order. A run's own `micro_batches` are the fewest.
"""

from __future__ import annotations

import dataclasses

from forgetting.config import Run
from forgetting.cost.footprint import Mesh, footprint, mesh_for


@dataclasses.dataclass(frozen=True)
class Parts:
  """How a batch is computed.

  Attributes:
    count: parts, one after the other.
    mesh: of devices that share each.
    memory: bytes of a training step on one device, by formula.
  """

  count: int
  mesh: Mesh
  memory: float


def choices(run: Run, devices: int, *, fused_attention: bool) -> list[Parts]:
  """All ways to compute a run's batch, the fewest parts first.

  Args:
    devices: that a part may be spread over.
    fused_attention: as of `footprint`.
  """
  counts = [
    n
    for n in range(run.micro_batches, run.batch_size + 1)
    if run.batch_size % n == 0
  ]
  return [_parts(run, n, devices, fused_attention) for n in counts]


def _parts(run: Run, count: int, devices: int, fused: bool) -> Parts:
  run = dataclasses.replace(run, micro_batches=count)
  mesh = mesh_for(run, devices)
  return Parts(count, mesh, footprint(run, mesh, fused_attention=fused).total)


def fitting(options: list[Parts], memory: float) -> Parts | None:
  """The fewest parts that fit.

  Args:
    options: of `choices`.
    memory: bytes of one device that are usable.

  Returns:
    None: none does.
  """
  return next((one for one in options if one.memory <= memory), None)


def parts_here(run: Run) -> int:
  """Parts for a run on all devices of this process's program.

  Returns:
    those of the run where devices do not tell their memory, as CPUs do not,
    and where nothing fits: the runtime has the last word.
  """
  # imported here: planning has no use for JAX
  from forgetting.training import processes

  memory = processes.device_memory()
  if memory is None:
    return run.micro_batches
  fused = processes.backend() == "gpu"
  options = choices(run, processes.devices(), fused_attention=fused)
  found = fitting(options, memory)
  return found.count if found else run.micro_batches
