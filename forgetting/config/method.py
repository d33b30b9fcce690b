"""How a fine-tuning changes the weights: a class a method.

What each does is in `forgetting.training.methods`, a file of the same name.
"""

import dataclasses
import typing
from typing import Literal

from forgetting.config.checks import Config, check
from forgetting.config.ranges import Count, Positive, Whole

Part = Literal["embeddings", "head", "norms", "matrices"]


class _Method(Config):
  """What all methods have: a word, and what of them a program depends on."""

  kind: str
  # whether a step has to know which of its sequences are injected
  reads_injected: typing.ClassVar[bool] = False
  # passes through the model that a step takes: forward, and backward to the
  # states and to the weights
  passes: typing.ClassVar[int] = 3
  # sequences that are gone through forward and backward before the first step
  sequences: int = 0

  @property
  def word(self) -> str:
    """The whole method in a word, for names and for the column `method`."""
    return "-".join([self.kind, *self._told()])

  def _told(self) -> list[str]:
    """The rest of the word: what sets it apart from others of its kind."""
    return []

  @property
  def program(self) -> "Method":
    """The same for methods that differ in traced values alone.

    Runs with equal ones share their compiled programs.
    """
    own: typing.Any = self  # one of those below
    return dataclasses.replace(own, strength=1.0) if self.traced else own

  @property
  def traced(self) -> float:
    """Strength of its penalty, an argument of the program; 0: it has none."""
    return getattr(self, "strength", 0.0)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Full(_Method):
  """Every parameter is trained, on the cross-entropy alone."""

  kind: Literal["full"] = "full"


@dataclasses.dataclass(frozen=True, kw_only=True)
class LoRA(_Method):
  """Low-rank adapters beside frozen matrices: y = x W + s (x A) B.

  Hu et al. 2021, arXiv 2106.09685; rank-stabilised: arXiv 2312.03732. The
  learning rate is the run's optimizer's, often ten times that of full
  fine-tuning. Adapters are not decayed.

  Attributes:
    rank: columns of A, rows of B.
    alpha: s is alpha / rank.
    rslora: s is alpha / sqrt(rank) instead.
    targets: matrices that get an adapter, by the ends of their names in the
      model ("qkv", "layers/up"); none named: every matrix of the layers.
    base: in what the frozen parameters are kept; adapters are float32.
  """

  passes: typing.ClassVar[int] = 2  # no matrix of the base has a gradient
  kind: Literal["lora"] = "lora"
  rank: Count
  alpha: Positive = 16.0
  rslora: bool = False
  targets: tuple[str, ...] = ()
  base: Literal["float32", "bfloat16"] = "float32"

  @property
  def scale(self) -> float:
    """s: what the adapters' product is multiplied by."""
    return self.alpha / (self.rank**0.5 if self.rslora else self.rank)

  def _check(self) -> None:
    check(
      len(set(self.targets)) == len(self.targets) and "" not in self.targets,
      "LoRA.targets",
      self.targets,
      "each matrix once",
    )

  def _told(self) -> list[str]:
    told = [f"r{self.rank}"]
    told += [] if self.alpha == 16 else [f"a{self.alpha:g}"]
    told += ["rs"] if self.rslora else []
    told += [target.replace("/", ".") for target in self.targets]
    return told + ([] if self.base == "float32" else [self.base])


@dataclasses.dataclass(frozen=True, kw_only=True)
class Freeze(_Method):
  """Parts of the model stay as they are; the rest is trained.

  Attributes:
    parts: "embeddings", "head", "norms" (with biases), "matrices" (of the
      layers). A head that is the embedding, transposed, is no part of its own.
    layers: so many layers, from the first on, stay whole.
  """

  kind: Literal["freeze"] = "freeze"
  parts: tuple[Part, ...] = ()
  layers: Whole = 0

  def _check(self) -> None:
    check(
      bool(self.parts or self.layers),
      "Freeze.parts",
      self.parts,
      "a part, or Freeze.layers above 0",
    )
    check(
      len(set(self.parts)) == len(self.parts),
      "Freeze.parts",
      self.parts,
      "each part once",
    )

  def _told(self) -> list[str]:
    return [*self.parts, *([f"first{self.layers}"] if self.layers else [])]


@dataclasses.dataclass(frozen=True, kw_only=True)
class L2SP(_Method):
  """A penalty on the distance to base: strength / 2 x |weights - base|^2.

  Li, Grandvalet & Davoine 2018, arXiv 1802.01483.

  Attributes:
    strength: nats a token for each unit of half the squared distance.
  """

  kind: Literal["l2sp"] = "l2sp"
  strength: Positive

  def _told(self) -> list[str]:
    return [f"{self.strength:g}"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class EWC(_Method):
  """The same, each weight by how much the pretraining text depends on it.

  Elastic weight consolidation (Kirkpatrick et al. 2017, arXiv 1612.00796):
  strength / 2 x sum of F (weight - base)^2. F is the diagonal of the Fisher
  information of a token; with it, at strength 1, the penalty is KL(base, now)
  on pretraining text, nats a token, to second order and along each axis.

  Attributes:
    strength: 1 is the divergence itself.
    sequences: of the parent's training text that F is estimated on, once a
      parent: as much compute as that many sequences of training.
  """

  kind: Literal["ewc"] = "ewc"
  strength: Positive
  sequences: Count = 256

  def _told(self) -> list[str]:
    told = [f"{self.strength:g}"]
    return told + ([] if self.sequences == 256 else [f"n{self.sequences}"])


@dataclasses.dataclass(frozen=True, kw_only=True)
class KL(_Method):
  """A penalty on what the model says: strength x KL(base, now), nats a token.

  Base's logits are computed beside the model's: a forward pass more, and both
  are in memory.

  Attributes:
    strength: 1 weighs the divergence as the cross-entropy.
    where: "target": on target tokens, beside their cross-entropy; "injected":
      on injected tokens, in place of theirs.
  """

  kind: Literal["kl"] = "kl"
  reads_injected: typing.ClassVar[bool] = True
  passes: typing.ClassVar[int] = 4  # base's forward one beside
  strength: Positive
  where: Literal["target", "injected"] = "target"

  def _told(self) -> list[str]:
    return [self.where, f"{self.strength:g}"]


Method = Full | LoRA | Freeze | L2SP | EWC | KL
FULL = Full()
