"""Memory that a training step takes on one device, by formula.

Counted are the weights and their optimizer (float32), what the layers keep
for their gradients, one layer's own work and the logits at hand. Not counted
are the compiler's padding and fragments, hence the margin.
"""

import dataclasses

from forgetting.config import Run

FLOAT32 = 4
USABLE = 0.92  # of a device's memory: the rest is the runtime's
MOST_LOGITS = 2**27  # that a device holds at a time, as training.losses has it

# Values kept a token and layer, in widths: the input; with it qkv, rotated q
# and k, the attention's result and the hidden layer; with them both norms, the
# residual between and the hidden layer before its nonlinearity.
_KEPT = {"full": 1, "dots": 10, "none": 20}


@dataclasses.dataclass(frozen=True)
class Footprint:
  """Bytes on one device."""

  state: float  # weights, two moments
  gradients: float  # and the copy of the weights that products take
  activations: float
  logits: float

  @property
  def total(self) -> float:
    return self.state + self.gradients + self.activations + self.logits


@dataclasses.dataclass(frozen=True)
class Mesh:
  """Devices by axis."""

  data: int
  model: int

  @property
  def devices(self) -> int:
    return self.data * self.model


def mesh_for(run: Run, devices: int) -> Mesh:
  """The largest mesh that shares a run evenly; others do other runs.

  Of those the one with the shortest axis `model`.
  """
  m, rows = run.model, run.batch_size // run.micro_batches
  meshes = [
    Mesh(used // model, model)
    for used in _divisors(devices)
    for model in _divisors(used)
    if rows % (used // model) == 0
    and m.width % (used // model) == 0
    and m.heads % model == 0
    and m.padded_vocab_size % model == 0
  ]
  return max(meshes, key=lambda mesh: (mesh.devices, mesh.data))


def _divisors(n: int) -> list[int]:
  return [d for d in range(1, n + 1) if n % d == 0]


def footprint(run: Run, mesh: Mesh, *, fused_attention: bool) -> Footprint:
  """Of a run's training step.

  Args:
    fused_attention: no matrix of attention weights is ever stored.
  """
  m, devices = run.model, mesh.devices
  weights = m.model_params + m.padded_vocab_size * m.width
  size = FLOAT32 if m.dtype == "float32" else 2
  rows = run.batch_size // run.micro_batches / mesh.data
  tokens = rows * m.context
  kept = _KEPT[m.remat] * m.layers * tokens * m.width * size
  square = rows * m.heads * m.context**2 / mesh.model
  attention = 0 if fused_attention else square * (FLOAT32 + size)
  layers = m.layers if m.remat == "none" else 1  # whose attention is held
  one_layer = _KEPT["none"] * tokens * m.width * size
  logits = min(tokens * m.padded_vocab_size / mesh.model, MOST_LOGITS)
  accumulated = weights * FLOAT32 if run.micro_batches > 1 else 0
  copy = weights * size if m.dtype != "float32" else 0
  return Footprint(
    state=3 * weights * FLOAT32 / devices,
    gradients=(weights * FLOAT32 + accumulated + copy) / devices,
    activations=kept + one_layer + layers * attention,
    logits=3 * logits * FLOAT32,
  )
