"""What a family of models has to offer; a file of this folder offers it.

Losses, sharding, optimizer and the formulas of memory know no parameter by its
name: they ask the family of the architecture at hand.
"""

from typing import Any, Protocol

import jax

from forgetting.config.model import Numerics

Params = dict  # parameters by name: nested dicts of arrays
Rules = tuple[tuple[str, jax.sharding.PartitionSpec], ...]


class Family(Protocol):
  """The functions and tables of such a file.

  Architectures are of the class that the family is found by.

  Attributes:
    RULES: (pattern, PartitionSpec) of every parameter; a path that none
      matches is an error.
  """

  RULES: Rules

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
