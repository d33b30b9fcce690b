"""The model of a run: its architecture, its context, its numerics.

What a model *is* (`Decoder`), how many tokens it reads at a time, and how its
step is computed (`Numerics`) are values of their own; `Model` is the three
together, as a config names them and as a run's name is hashed from.
"""

import dataclasses
import functools
from typing import Literal

from forgetting.config.canonical import LATER
from forgetting.config.checks import Config, check
from forgetting.config.ranges import Count

BYTE_VOCABULARY = 259  # seqio.ByteVocabulary: pad, end of text, unknown, bytes
SMALL_VOCABULARY = 2048  # up to here the embedding is not padded
LANES = 128  # of a matrix unit: what a large vocabulary is padded to

# What a layer keeps for its gradients: everything, the results of its matrix
# products, or its input alone.
Remat = Literal["none", "dots", "full"]
Dtype = Literal["float32", "bfloat16"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Decoder(Config):
  """The program's own architecture: pre-norm, rotary, no biases, tied head.

  Its parameters and what is done with them are in
  `forgetting.training.models.decoder`.

  Attributes:
    layers: blocks of attention and an MLP of 4 x width.
    width: channels of the residual stream.
    heads: of attention, width / heads channels each.
    vocab_size: tokens that can be predicted.
  """

  layers: Count
  width: Count
  heads: Count
  vocab_size: Count = BYTE_VOCABULARY

  def _check(self) -> None:
    check(
      self.width % (2 * self.heads) == 0,
      "Model.width",
      self.width,
      f"a multiple of 2 x heads = {2 * self.heads} (rotary halves)",
    )

  @property
  def model_params(self) -> int:
    """Non-embedding parameters, N: matrices 12 width^2 a layer, norm scales."""
    block = 12 * self.width**2 + 2 * self.width
    return self.layers * block + self.width

  @property
  def total_params(self) -> int:
    """All parameters; the output layer is the embedding, transposed."""
    return self.model_params + self.vocab_size * self.width

  @property
  def stored_params(self) -> int:
    """All parameters, with the rows that pad the embedding."""
    return self.model_params + self.padded_vocab_size * self.width

  @property
  def padded_vocab_size(self) -> int:
    """Rows of the embedding; those that pad it are never predicted."""
    if self.vocab_size <= SMALL_VOCABULARY:
      return self.vocab_size
    return -(-self.vocab_size // LANES) * LANES

  def training_flops(self, context: int) -> int:
    """Training FLOPs a token, of sequences of so many tokens.

    6 x matrices (head included, look-up not) plus attention as a full square,
    12 x layers x width x context.
    """
    matrices = self.layers * 12 * self.width**2 + self.vocab_size * self.width
    return 6 * matrices + 12 * self.layers * self.width * context

  def over_devices(self) -> dict[str, dict[str, int]]:
    """Axis of the mesh -> the sizes that lie over it and must divide."""
    return {
      "data": {"width": self.width},
      "model": {"heads": self.heads, "vocab_size": self.padded_vocab_size},
    }


@dataclasses.dataclass(frozen=True, kw_only=True)
class Numerics(Config):
  """How a step is computed: it changes the last digits, not the mathematics.

  Attributes:
    dtype: of matrix products; weights, their gradients' sums and losses are
      float32.
    remat: what a layer keeps for its gradients: everything (none), its products
      (dots), its input (full).
  """

  dtype: Dtype = dataclasses.field(default="float32", metadata=LATER)
  remat: Remat = dataclasses.field(default="none", metadata=LATER)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Model(Numerics, Decoder):
  """A decoder, the sequences that it reads, and how its step is computed.

  Runs with equal models share their programs.

  Attributes:
    context: tokens a sequence.
  """

  context: Count = 128

  @functools.cached_property
  def architecture(self) -> Decoder:
    """What the model is, whatever it reads and however it is computed."""
    return _part(self, Decoder)

  @functools.cached_property
  def numerics(self) -> Numerics:
    """How its step is computed."""
    return _part(self, Numerics)

  @property
  def flops_per_token(self) -> int:
    """Training FLOPs a token at this context."""
    return self.training_flops(self.context)


def _part(model: Model, cls: type):
  names = [field.name for field in dataclasses.fields(cls)]
  return cls(**{name: getattr(model, name) for name in names})


def indivisible(
  architecture: Decoder, *, rows: int, data: int, model: int
) -> tuple[str, int, int] | None:
  """The first size that a mesh of devices does not share evenly.

  Args:
    rows: sequences that are computed at once; they lie over `data`.
    data, model: devices on each axis of the mesh.

  Returns:
    the size's name, the size, the number of devices; None where all divide.
  """
  devices = {"data": data, "model": model}
  sizes = [("batch_size", rows, data)]
  for axis, named in architecture.over_devices().items():
    sizes += [(name, size, devices[axis]) for name, size in named.items()]
  return next((size for size in sizes if size[1] % size[2]), None)
