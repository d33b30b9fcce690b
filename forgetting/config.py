"""What a run and a study are: frozen dataclasses and their names.

Standard library only: a config is read where neither JAX nor TensorFlow is.
"""

import dataclasses
import functools
import math
import os
import re

from forgetting.canonical import digest
from forgetting.errors import InputError

BYTE_VOCABULARY = 259  # seqio.ByteVocabulary: pad, end of text, unknown, bytes


def _check(holds: bool, field: str, found, expected: str) -> None:
  if not holds:
    raise InputError(f"{field}: found {found!r}, expected {expected}")


def _as_floats(config) -> None:
  """Writes 0 as 0.0 where a float is declared: equal configs, equal names."""
  for field in dataclasses.fields(config):
    value = getattr(config, field.name)
    if field.type is float and isinstance(value, int):
      object.__setattr__(config, field.name, float(value))


def _check_positive(config, *fields: str) -> None:
  for field in fields:
    value = getattr(config, field)
    name = f"{type(config).__name__}.{field}"
    _check(
      isinstance(value, (int, float)) and math.isfinite(value) and value > 0,
      name,
      value,
      "a number above 0",
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class Model:
  """Shape of the decoder; two runs with equal shapes share their programs."""

  layers: int
  width: int
  heads: int
  context: int = 128  # tokens a sequence
  vocab_size: int = BYTE_VOCABULARY

  def __post_init__(self):
    _check_positive(self, "layers", "width", "heads", "context", "vocab_size")
    _check(
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
  def flops_per_token(self) -> int:
    """Training FLOPs a token: 6 x matrices (head included, look-up not) plus
    attention as a full square, 12 x layers x width x context."""
    matrices = self.layers * 12 * self.width**2 + self.vocab_size * self.width
    return 6 * matrices + 12 * self.layers * self.width * self.context


@dataclasses.dataclass(frozen=True, kw_only=True)
class Optimizer:
  """AdamW, clipped by global norm, warm-up then cosine."""

  peak_lr: float
  warmup_steps: int = 10
  final_lr_fraction: float = 0.1  # of the peak, reached at the last step
  b1: float = 0.9
  b2: float = 0.95
  weight_decay: float = 0.1  # on matrices only
  clip_norm: float = 1.0

  def __post_init__(self):
    _as_floats(self)
    _check_positive(self, "peak_lr", "clip_norm")
    _check(
      self.warmup_steps >= 0,
      "Optimizer.warmup_steps",
      self.warmup_steps,
      "0 or more",
    )
    for field in ("final_lr_fraction", "b1", "b2"):
      value = getattr(self, field)
      _check(0 <= value <= 1, f"Optimizer.{field}", value, "within [0, 1]")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Evaluation:
  """Which fixed validation sequences are measured, and when.

  The curve uses the first `curve_*` sequences of each full set; the full sets
  are measured at base and at best and give the run's result.
  """

  points: int = 16  # evaluations after step 0, geometrically spaced
  patience: int = 4  # evaluations without a lower target loss before stopping
  curve_pretrain: int = 16
  curve_target: int = 48
  full_pretrain: int = 256
  full_target: int = 128

  def __post_init__(self):
    _check_positive(self, *(f.name for f in dataclasses.fields(self)))
    for kind in ("pretrain", "target"):
      curve, full = (getattr(self, f"{s}_{kind}") for s in ("curve", "full"))
      _check(
        curve <= full,
        f"Evaluation.curve_{kind}",
        curve,
        f"at most full_{kind} = {full}",
      )

  def steps(self, total: int) -> tuple[int, ...]:
    """Steps at which both losses are measured: 0, then ever sparser, total.

    From a twentieth of the run on, each is the same factor after the one
    before: an early optimum is found as sharply as a late one.
    """
    ratio = 20 ** (1 / (self.points - 1)) if self.points > 1 else 1
    steps = {round(total / ratio**i) for i in range(self.points)}
    return tuple(sorted({0} | {max(1, step) for step in steps}))


@dataclasses.dataclass(frozen=True, kw_only=True)
class Run:
  """One training. Without a parent it is a pretraining, else a fine-tuning.

  Everything in here changes the numbers and enters the run's name; where it
  runs, and how often it saves, does not.
  """

  model: Model
  optimizer: Optimizer
  steps: int  # at most; a fine-tuning stops once its target loss has turned
  batch_size: int  # sequences
  injection: float  # fraction of the batch's tokens drawn from pretraining
  # sources: catalogue names, sets of them, or paths of text
  pretraining: tuple[str, ...] = ("mix",)
  domain: str | None = None  # catalogue name, or a path of text
  target_tokens_asked: int = 0
  tokenizer: str = "bytes"
  seed: int = 0
  evaluation: Evaluation = Evaluation()
  parent: "Run | None" = None
  version: int = 1  # of the numbers: raised when the code changes them

  def __post_init__(self):
    _as_floats(self)
    _check_positive(self, "steps", "batch_size")
    _check(
      0 <= self.injection <= 1,
      "Run.injection",
      self.injection,
      "a fraction within [0, 1]",
    )
    _check(
      bool(self.pretraining), "Run.pretraining", self.pretraining, "a source"
    )
    _check(
      len(set(self.pretraining)) == len(self.pretraining),
      "Run.pretraining",
      self.pretraining,
      "each source once",
    )
    if self.parent is None:
      self._check_pretraining()
    else:
      self._check_finetuning(self.parent)

  def _check_pretraining(self) -> None:
    _check(
      self.domain is None,
      "Run.domain",
      self.domain,
      "none without a parent: a fine-tuning starts from a pretraining",
    )
    _check(
      self.injection == 1,
      "Run.injection",
      self.injection,
      "1 without a parent: a pretraining sees pretraining text only",
    )

  def _check_finetuning(self, parent: "Run") -> None:
    _check(
      parent.parent is None, "Run.parent", parent.name, "a pretraining run"
    )
    _check(self.domain is not None, "Run.domain", None, "a target domain")
    _check(
      self.domain not in self.pretraining,
      "Run.domain",
      self.domain,
      "a domain that is not a pretraining source",
    )
    _check(
      self.target_tokens > 0,
      "Run.target_tokens_asked",
      self.target_tokens_asked,
      f"at least one sequence of {self.model.context} tokens",
    )
    _check(
      self.injection < 1,
      "Run.injection",
      self.injection,
      "below 1: a fine-tuning draws target text too",
    )
    for field in ("model", "pretraining", "tokenizer"):
      found, expected = getattr(self, field), getattr(parent, field)
      _check(
        found == expected, f"Run.{field}", found, f"the parent's {expected!r}"
      )

  @property
  def target_tokens(self) -> int:
    """Unique target tokens: whole chunks of `context` tokens."""
    return self.target_chunks * self.model.context

  @property
  def target_chunks(self) -> int:
    return self.target_tokens_asked // self.model.context

  @property
  def tokens_per_step(self) -> int:
    return self.batch_size * self.model.context

  @property
  def flops(self) -> int:
    """Training FLOPs of a run that takes all its steps."""
    return self.steps * self.tokens_per_step * self.model.flops_per_token

  @functools.cached_property
  def name(self) -> str:
    """Axes for people, eight hash characters of the whole config for truth."""
    axes = [f"n{_short(self.model.model_params)}"]
    if self.parent is None:
      axes += ["pretrain"]
    else:
      axes += [domain_name(self.domain), f"d{_short(self.target_tokens)}"]
      axes += [f"p{self.injection:g}"]
    axes += [f"s{self.seed}", digest(self)]
    return "-".join(axes)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Study:
  """A named set of runs; parents of the runs given belong to it."""

  name: str
  runs: tuple[Run, ...]
  tolerance: float = 0.05  # nats of forgetting that the page's advice allows

  def __post_init__(self):
    _check(
      re.fullmatch(r"[A-Za-z0-9][\w.-]*", self.name) is not None,
      "Study.name",
      self.name,
      "letters, digits, '.', '_' and '-': it names a folder",
    )
    _check(bool(self.runs), "Study.runs", self.runs, "at least one run")
    _check_positive(self, "tolerance")

  def ordered(self) -> tuple[Run, ...]:
    """Every run once, each parent before its children."""
    parents = dict.fromkeys(r.parent for r in self.runs if r.parent)
    return tuple(dict.fromkeys([*parents, *self.runs]))


def domain_name(source: str | None) -> str | None:
  """Word for a source in names and tables.

  A path gives its stem, a TFDS data set its name and config.
  """
  if source is None:
    return None
  tfds = re.fullmatch(
    r"(?:stream:)?(?:tfds:)?([a-z]\w*(?:/[\w.-]+?)?)(:[\d.]+)?(\?.*)?", source
  )
  if tfds and (tfds[2] or source.startswith(("tfds:", "stream:"))):
    stem = tfds[1]
  else:
    stem = os.path.basename(source.rstrip("/\\")).split(".")[0]
  return re.sub(r"\W+", "_", stem).strip("_") or "text"


def _short(count: int) -> str:
  """Counts in names: 25k, 1.3m, 12.8k, 512."""
  for unit, letter in ((10**9, "b"), (10**6, "m"), (10**3, "k")):
    if count >= unit:
      return f"{count / unit:.3g}{letter}"
  return str(count)
