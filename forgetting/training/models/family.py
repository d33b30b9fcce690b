"""What a family of models has to offer; a file of this folder offers it.

Losses, sharding, optimizer and the formulas of memory know no parameter by its
name: they ask the family of the architecture at hand.
"""

import re
from typing import Any, Literal, NamedTuple, Protocol

import jax

from forgetting.config.model import Numerics

Params = dict  # parameters by name: nested dicts of arrays
Rules = tuple[tuple[str, jax.sharding.PartitionSpec], ...]


class Kind(NamedTuple):
  """What a parameter is, whatever its name.

  Attributes:
    part: of the model; "norms" are all vectors, biases too.
    layered: whether its first axis counts the layers.
    inputs: of a matrix: axes, after that one, that it reads; the rest it
      writes.
  """

  part: Literal["embeddings", "head", "norms", "matrices"]
  layered: bool = False
  inputs: int = 0


Kinds = tuple[tuple[str, Kind], ...]


class Family(Protocol):
  """The functions and tables of such a file.

  Architectures are of the class that the family is found by.

  Attributes:
    RULES: (pattern, PartitionSpec) of every parameter; a path that none
      matches is an error.
    KINDS: (pattern, Kind) of every parameter, the first match counts: what
      methods know of the model.
    ADAPTS: whether `hidden` adds the product of the adapters that stand beside
      a matrix (`models.adapters`); else they are added to the matrix.
  """

  RULES: Rules
  KINDS: Kinds
  ADAPTS: bool

  def shapes(self, architecture: Any) -> Params:
    """Shapes of the parameters, as `jax.ShapeDtypeStruct`."""

  def init(self, architecture: Any, *, seed: int) -> Params:
    """Fresh parameters, float32 numpy."""

  def hidden(
    self,
    params: Params,
    tokens_BxL,
    *,
    architecture: Any,
    numerics: Numerics,
  ) -> Any:
    """What the output layer reads at every position.

    Args:
      params: as `shapes` has them.
      tokens_BxL: int32 ids.
      architecture, numerics: of the model.

    Returns:
      [B, L, D] of the numerics' dtype.
    """

  def fused(self, architecture: Any) -> tuple[tuple[str, ...], ...]:
    """Paths of matrices that are one in the files of the model.

    An adapter of such a matrix has one A for all of them.
    """

  def head(self, params: Params) -> Any:
    """The output layer's matrix, [padded_vocab_size, D]."""

  def head_bias(self, params: Params) -> Any:
    """What it adds, [padded_vocab_size], or None."""

  def logit_cap(self, architecture: Any) -> float | None:
    """c, where logits are c tanh(x / c); None where they are x."""

  def is_decayed(self, path: str) -> bool:
    """Whether weight decay acts on the parameter of that path."""

  def values_kept(self, architecture: Any, numerics: Numerics) -> int:
    """Numbers that a layer keeps of a token for its gradients."""

  def fuses_attention(self, architecture: Any, numerics: Numerics) -> bool:
    """Whether a GPU stores no matrix of attention weights."""


def name_of(path) -> str:
  """A leaf's path in a tree, as layers/qkv/kernel."""
  return jax.tree_util.keystr(path, simple=True, separator="/")


def kind_of(path: str, kinds: Kinds) -> Kind:
  """What the parameter of a path is.

  Args:
    path: as `name_of` gives it.
    kinds: of the model's family.

  Raises:
    ValueError: a parameter without a kind; a mistake in the family.
  """
  for pattern, kind in kinds:
    if re.search(pattern, path):
      return kind
  raise ValueError(f"no kind of the model's family matches {path}")
