"""The shape of the decoder, and how its step is computed."""

import dataclasses

from forgetting.config.canonical import LATER
from forgetting.config.checks import check, check_positive

BYTE_VOCABULARY = 259  # seqio.ByteVocabulary: pad, end of text, unknown, bytes
SMALL_VOCABULARY = 2048  # up to here the embedding is not padded
LANES = 128  # of a matrix unit: what a large vocabulary is padded to

# What a layer keeps for its gradients: everything, the results of its matrix
# products, or its input alone.
REMAT = ("none", "dots", "full")
DTYPES = ("float32", "bfloat16")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Model:
  """Shape of the decoder; two runs with equal shapes share their programs."""

  layers: int
  width: int
  heads: int
  context: int = 128  # tokens a sequence
  vocab_size: int = BYTE_VOCABULARY
  # of matrix products; weights, their gradients' sums and losses are float32
  dtype: str = dataclasses.field(default="float32", metadata=LATER)
  remat: str = dataclasses.field(default="none", metadata=LATER)

  def __post_init__(self):
    check_positive(self, "layers", "width", "heads", "context", "vocab_size")
    check(
      self.width % (2 * self.heads) == 0,
      "Model.width",
      self.width,
      f"a multiple of 2 x heads = {2 * self.heads} (rotary halves)",
    )
    for field, known in (("dtype", DTYPES), ("remat", REMAT)):
      value = getattr(self, field)
      check(
        value in known, f"Model.{field}", value, "one of " + ", ".join(known)
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
  def padded_vocab_size(self) -> int:
    """Rows of the embedding; those that pad it are never predicted."""
    if self.vocab_size <= SMALL_VOCABULARY:
      return self.vocab_size
    return -(-self.vocab_size // LANES) * LANES

  @property
  def flops_per_token(self) -> int:
    """Training FLOPs a token: 6 x matrices (head included, look-up not) plus
    attention as a full square, 12 x layers x width x context."""
    matrices = self.layers * 12 * self.width**2 + self.vocab_size * self.width
    return 6 * matrices + 12 * self.layers * self.width * self.context
