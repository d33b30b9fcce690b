"""Memory that a training step takes on one device, by formula.

Counted are the weights that are trained and their optimizer (float32), what the
method keeps of base beside them, what the layers keep for their gradients, one
layer's own work and the logits at hand. Not counted
are the compiler's padding and fragments, hence the margin.
"""

import dataclasses

from forgetting.config import Run
from forgetting.config.model import Numerics, indivisible

FLOAT32 = 4
USABLE = 0.92  # of a device's memory: the rest is the runtime's


@dataclasses.dataclass(frozen=True)
class Footprint:
  """Bytes on one device."""

  state: float  # trained weights, two moments
  frozen: float  # what the method keeps of base
  gradients: float  # and the copy of the weights that products take
  activations: float
  logits: float

  @property
  def total(self) -> float:
    """Of all that is counted."""
    return sum(dataclasses.astuple(self))


@dataclasses.dataclass(frozen=True)
class Mesh:
  """Devices that share a run, by axis.

  Attributes:
    data: which share the rows of a batch.
    model: which share heads, hidden channels and vocabulary.
  """

  data: int
  model: int

  @property
  def devices(self) -> int:
    """On both axes together."""
    return self.data * self.model


def mesh_for(run: Run, devices: int) -> Mesh:
  """The largest mesh that shares a run evenly; others do other runs.

  Of those the one with the shortest axis `model`.
  """
  rows = run.batch_size // run.micro_batches
  meshes = [
    Mesh(used // model, model)
    for used in _divisors(devices)
    for model in _divisors(used)
    if not indivisible(
      run.model.architecture, rows=rows, data=used // model, model=model
    )
  ]
  return max(meshes, key=lambda mesh: (mesh.devices, mesh.data))


def _divisors(n: int) -> list[int]:
  return [d for d in range(1, n + 1) if n % d == 0]


def footprint(run: Run, mesh: Mesh, *, fused_attention: bool) -> Footprint:
  """Of a run's training step on each device of a mesh.

  Args:
    run: its model, its batch.
    mesh: that shares it.
    fused_attention: whether the device can compute attention without storing a
      matrix of its weights; it does so where the model's family fits it.
  """
  # imported here: what a device's memory is is asked where JAX is not wanted
  from forgetting.training import methods, models
  from forgetting.training.losses import MOST_LOGITS

  m, devices, family = run.model, mesh.devices, models.of(run.model)
  architecture, numerics = m.architecture, m.numerics
  fused = fused_attention and family.fuses_attention(architecture, numerics)
  trained, frozen = methods.of(run.method, m).sizes()
  weights = architecture.stored_params
  size = FLOAT32 if m.dtype == "float32" else 2
  rows = run.batch_size // run.micro_batches / mesh.data
  tokens = rows * m.context
  kept = family.values_kept(architecture, numerics) * m.layers * tokens * size
  square = rows * m.heads * m.context**2 / mesh.model
  attention = 0 if fused else square * (FLOAT32 + size)
  layers = m.layers if m.remat == "none" else 1  # whose attention is held
  one_layer = family.values_kept(architecture, Numerics()) * tokens * size
  logits = min(tokens * m.padded_vocab_size / mesh.model, MOST_LOGITS)
  accumulated = trained if run.micro_batches > 1 else 0
  copy = weights * size if m.dtype != "float32" else 0
  return Footprint(
    state=3 * trained / devices,
    frozen=frozen / devices,
    gradients=(trained + accumulated + copy) / devices,
    activations=kept + one_layer + layers * attention,
    # base's beside the model's
    logits=(6 if run.method.passes > 3 else 3) * logits * FLOAT32,
  )


def footprint_here(run: Run) -> Footprint:
  """The same on one device of this process."""
  from forgetting.training import processes

  return footprint(
    run, Mesh(1, 1), fused_attention=processes.backend() == "gpu"
  )
