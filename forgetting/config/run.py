"""What a run is: one training, by the values that change its numbers."""

import dataclasses
import functools

from forgetting.config.canonical import LATER, digest
from forgetting.config.checks import Config, check
from forgetting.config.evaluation import Evaluation
from forgetting.config.method import FULL, Method
from forgetting.config.model import Model
from forgetting.config.names import domain_name, short
from forgetting.config.optimizer import Optimizer
from forgetting.config.pretrained import Pretrained
from forgetting.config.ranges import Count, Fraction, Part, Whole
from forgetting.config.replay_source import OWN, ReplaySource, check_source
from forgetting.config.transformer import PublicModel


@dataclasses.dataclass(frozen=True, kw_only=True)
class Replay(Config):
  """Injects from a fixed pool, whose forgetting is measured like the rest's.

  The pool is training text that the parent has not seen, the same for all of
  its children. Its chunks are drawn without replacement: uniformly, or more
  often the more they are forgotten, in another run or so far in this one.

  Attributes:
    pool: chunks.
    measured_in: a run that tells what is forgotten.
    online_after: or this run itself, after this part of its steps.
    effective_share: effective sample size of the pool's weights, as a part of
      the pool.
    probe: whether the run is there only to be measured in: no law is fitted to
      it.
  """

  pool: Count
  measured_in: "Run | None" = None
  online_after: Fraction = 0.0
  effective_share: Part = 0.25
  probe: bool = False

  def _check(self) -> None:
    check(
      not (self.measured_in and self.online_after),
      "Replay.online_after",
      self.online_after,
      "0 where measured_in names a run",
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class Run(Config):
  """One training. Without a parent it is a pretraining, else a fine-tuning.

  From a public checkpoint a run may also be a control: without a domain, on
  the pretraining text alone. What it gains there, no replay has prevented from
  being forgotten. Each method has its own.

  Everything in here changes the numbers and enters the run's name; where it
  runs, and how often it saves, does not.

  Attributes:
    steps: at most; a fine-tuning stops once its target loss has turned.
    batch_size: sequences a step, injected ones included.
    micro_batches: parts that a batch is computed in, one after the other, to
      save memory.
    injection: fraction of the batch's tokens drawn from pretraining text.
    pretraining: sources: catalogue names, sets of them, or paths of text. On
      them forgetting is measured. Of a public checkpoint also "self": held-out
      text that it writes itself.
    domain: the target domain: a catalogue name, or a path of text.
    target_tokens_asked: unique target tokens; whole chunks of them are used.
    tokenizer: what cuts text into tokens.
    seed: of the first parameters, of the order of the text, of which target
      text.
    parent: what a fine-tuning starts from: a pretraining, a fine-tuning that
      goes back to one, or a public checkpoint.
    replay: injects from a fixed pool instead of from all pretraining text.
    replay_source: where injected text comes from; None: fresh pretraining text.
    beside: sources of text whose losses at base and at best are told beside,
      as "self"; those of a proxy are in any case.
    method: how a fine-tuning changes the weights.
    version: of the numbers: raised when the code changes them.
  """

  model: Model
  optimizer: Optimizer
  steps: Count
  batch_size: Count
  micro_batches: Count = dataclasses.field(default=1, metadata=LATER)
  injection: Fraction
  pretraining: tuple[str, ...] = ("mix",)
  domain: str | None = None
  target_tokens_asked: Whole = 0
  tokenizer: str = "bytes"
  seed: Whole = 0
  evaluation: Evaluation = Evaluation()
  parent: "Run | Pretrained | None" = None
  replay: Replay | None = dataclasses.field(default=None, metadata=LATER)
  replay_source: ReplaySource | None = dataclasses.field(
    default=None, metadata=LATER
  )
  beside: tuple[str, ...] = dataclasses.field(default=(), metadata=LATER)
  method: Method = dataclasses.field(default=FULL, metadata=LATER)
  version: Count = 1

  def _check(self) -> None:
    check(
      self.batch_size % self.micro_batches == 0,
      "Run.micro_batches",
      self.micro_batches,
      f"a divisor of the batch of {self.batch_size} sequences",
    )
    check(
      bool(self.pretraining), "Run.pretraining", self.pretraining, "a source"
    )
    check(
      len(set(self.pretraining)) == len(self.pretraining),
      "Run.pretraining",
      self.pretraining,
      "each source once",
    )
    if isinstance(self.parent, Pretrained):
      self._check_checkpoint(self.parent)
    elif self.parent is not None:
      self._check_parent(self.parent)
    if self.parent is None or self.is_control:
      self._check_pretraining()
    else:
      self._check_finetuning()
    check_source(self)

  def _check_pretraining(self) -> None:
    check(
      self.domain is None,
      "Run.domain",
      self.domain,
      "none without a parent: a fine-tuning starts from a pretraining",
    )
    check(
      self.injection == 1,
      "Run.injection",
      self.injection,
      "1 without a parent: a pretraining sees pretraining text only",
    )
    check(
      self.replay is None,
      "Run.replay",
      self.replay,
      "none without a parent: a pretraining forgets nothing",
    )
    check(
      self.is_control or self.method == FULL,
      "Run.method",
      self.method.word,
      "full without a parent: there is no base to stay close to",
    )

  def _check_parent(self, parent: "Run") -> None:
    check(
      parent.parent is None or parent.pretrained_by is not None,
      "Run.parent",
      parent.name,
      "a run that goes back to a pretraining; of a public checkpoint's"
      " fine-tuning its folder, as `forgetting export` writes it",
    )
    for field in ("replay", "replay_source"):
      found = getattr(self, field)
      check(
        not self.after or found is None,
        f"Run.{field}",
        found,
        "none from a fine-tuning: `injection` alone",
      )
    for field in ("model", "pretraining", "tokenizer"):
      found, expected = getattr(self, field), getattr(parent, field)
      check(
        found == expected, f"Run.{field}", found, f"the parent's {expected!r}"
      )

  def _check_checkpoint(self, parent: Pretrained) -> None:
    check(
      isinstance(self.model, PublicModel),
      "Run.model",
      self.model,
      "the parent's own: Pretrained(...).model(context=...)",
    )
    expected = parent.tokenizer
    check(
      self.tokenizer.split("?")[0] == expected,
      "Run.tokenizer",
      self.tokenizer,
      f"the parent's own, {expected!r}",
    )

  def _check_finetuning(self) -> None:
    check(self.domain is not None, "Run.domain", None, "a target domain")
    check(
      self.domain not in self.pretraining,
      "Run.domain",
      self.domain,
      "a domain that is not a pretraining source",
    )
    check(
      self.target_tokens > 0,
      "Run.target_tokens_asked",
      self.target_tokens_asked,
      f"at least one sequence of {self.model.context} tokens",
    )
    check(
      self.injection < 1,
      "Run.injection",
      self.injection,
      "below 1: a fine-tuning draws target text too",
    )
    check(
      self.injection > 0 or getattr(self.method, "where", "") != "injected",
      "Run.injection",
      self.injection,
      "above 0: its method's divergence is on injected tokens",
    )
    replay = self.replay
    online = replay.online_after if replay else 0
    check(
      not online or 0 < round(online * self.steps) < self.steps,
      "Replay.online_after",
      online,
      f"a part of the {self.steps} steps with a step before and after it",
    )
    if replay and replay.measured_in:
      measured = replay.measured_in
      check(
        measured.parent == self.parent
        and measured.replay is not None
        and measured.replay.pool == replay.pool,
        "Replay.measured_in",
        measured.name,
        "a run from the same parent with a pool of the same size",
      )

  @property
  def needs(self) -> "tuple[Run, ...]":
    """The runs that have to be done before this one."""
    measured = self.replay and self.replay.measured_in
    needed = (self.parent, measured)
    return tuple(run for run in needed if isinstance(run, Run))

  @property
  def pretrained_by(self) -> "Run | None":
    """The pretraining run that it goes back to, if it goes back to one."""
    parent = self.parent
    while isinstance(parent, Run) and parent.parent is not None:
      parent = parent.parent
    return parent if isinstance(parent, Run) else None

  @property
  def after(self) -> tuple[str, ...]:
    """Domains that its parents were fine-tuned on, the first one first."""
    parent = self.parent
    if not isinstance(parent, Run) or parent.domain is None:
      return ()
    return (*parent.after, domain_name(parent.domain))

  @property
  def is_control(self) -> bool:
    """Whether it trains a checkpoint on the pretraining text alone."""
    return isinstance(self.parent, Pretrained) and self.domain is None

  @property
  def replay_policy(self) -> str | None:
    """How injected text is chosen, a word for tables; None: from all of it.

    Or why its losses are no law's: it is a control, or starts from another
    fine-tuning.
    """
    if self.is_control:
      return "control"
    if self.after:
      return f"after-{'-'.join(self.after)}"
    if self.replay_source is not None:
      return f"from-{self.replay_source.word}"
    if self.replay is None:
      return None
    if self.replay.probe:
      return "probe"
    if not self.injection:
      return "none"
    if self.replay.online_after:
      return "online"
    measured = self.replay.measured_in
    if measured is None:
      return "uniform"
    probed = measured.replay is not None and measured.replay.probe
    return "predicted" if probed else "true"

  @property
  def replay_source_word(self) -> str | None:
    """Where injected text comes from, a word for tables; None: from nowhere."""
    if self.parent is None or not self.injection:
      return None
    return self.replay_source.word if self.replay_source else OWN

  @property
  def target_tokens(self) -> int:
    """Unique target tokens: whole chunks of `context` tokens."""
    return self.target_chunks * self.model.context

  @property
  def target_chunks(self) -> int:
    """Whole chunks of unique target text, `context` tokens each."""
    return self.target_tokens_asked // self.model.context

  @property
  def tokens_per_step(self) -> int:
    """Tokens of a batch, injected ones included."""
    return self.batch_size * self.model.context

  @property
  def flops(self) -> int:
    """Training FLOPs of a run that takes all its steps, by its method."""
    full = self.steps * self.tokens_per_step * self.model.flops_per_token
    return full * self.method.passes // 3

  @functools.cached_property
  def name(self) -> str:
    """Axes for people, eight hash characters of the whole config for truth."""
    axes = [f"n{short(self.model.model_params)}"]
    if isinstance(self.parent, Pretrained):
      axes += [self.parent.word]
    if self.parent is None:
      axes += ["pretrain"]
    elif self.domain is not None:
      axes += [f"{domain_name(self.domain)}", f"d{short(self.target_tokens)}"]
      axes += [f"p{self.injection:g}"]
    policy = self.replay_policy
    axes += [policy] if policy else []
    if self.is_control and self.replay_source:
      axes += [f"from-{self.replay_source.word}"]
    axes += [] if self.method == FULL else [self.method.word]
    axes += [f"s{self.seed}", digest(self)]
    return "-".join(axes)
