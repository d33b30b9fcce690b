"""Where injected text comes from, if not fresh from the parent's own corpus."""

from __future__ import annotations

import dataclasses
import typing
from typing import Literal

from forgetting.config.checks import Config, check
from forgetting.config.names import domain_name
from forgetting.config.ranges import Count, NotNegative, Part, Whole

SELF = "self"  # as a source: held-out text that the parent itself wrote


@dataclasses.dataclass(frozen=True, kw_only=True)
class OtherText(Config):
  """A proxy: text that is not the parent's own corpus, each chunk once.

  Attributes:
    sources: catalogue names, sets of them, paths, data sets of a hub.
  """

  kind: Literal["other"] = "other"
  sources: tuple[str, ...]

  def _check(self) -> None:
    check(bool(self.sources), "OtherText.sources", self.sources, "a source")
    check(
      SELF not in self.sources,
      "OtherText.sources",
      self.sources,
      "text that is there; SelfText is what the parent writes",
    )

  @property
  def word(self) -> str:
    """The source in a word, for names and for the column `replay_source`."""
    return "-".join(map(domain_name, self.sources))


@dataclasses.dataclass(frozen=True, kw_only=True)
class SelfText(Config):
  """Text that the parent itself writes, sampled before its children train.

  Attributes:
    chunks: that are written, once loops and near-duplicates are left out; no
      child may inject more.
    temperature: by which logits are divided.
    top_p: the likeliest tokens that have this share together are kept.
    prompts: sources of text whose first tokens each chunk begins with; none:
      from the beginning of a text on.
    prompt_tokens: of such a beginning; they carry no loss.
    seed: of the dice.
  """

  kind: Literal["self"] = "self"
  chunks: Count
  temperature: NotNegative = 1.0
  top_p: Part = 1.0
  prompts: tuple[str, ...] = ()
  prompt_tokens: Count = 8
  seed: Whole = 0

  @property
  def word(self) -> str:
    """The source in a word, for names and for the column `replay_source`."""
    told = f"{SELF}-t{self.temperature:g}"
    if self.top_p < 1:
      told += f"-top{self.top_p:g}"
    return "-".join([told, *map(domain_name, self.prompts)])


@dataclasses.dataclass(frozen=True, kw_only=True)
class Repeated(Config):
  """A few chunks of the parent's own corpus, again and again.

  They are the first that a run with the same seed injects from all of it, in a
  new order at every pass.

  Attributes:
    chunks: of the pool.
  """

  kind: Literal["repeated"] = "repeated"
  chunks: Count

  @property
  def word(self) -> str:
    """The source in a word, for names and for the column `replay_source`."""
    return f"pool{self.chunks}"


ReplaySource = OtherText | SelfText | Repeated
OWN = "own"  # the word for the parent's own corpus


def check_source(run: typing.Any) -> None:
  """Refuses what a run's sources of injected text cannot be together.

  Args:
    run: a `config.Run` whose other fields are right.

  Raises:
    InputError: the first field that does not agree.
  """
  source = run.replay_source
  word = source and source.word
  check(
    source is None or (run.parent is not None and run.injection > 0),
    "Run.replay_source",
    word,
    "none where nothing is injected, or without a parent",
  )
  check(
    source is None or run.replay is None,
    "Run.replay_source",
    word,
    "none with a replay pool: one of both says what is injected",
  )
  check(
    not isinstance(source, OtherText) or run.domain not in source.sources,
    "Run.replay_source",
    word,
    f"text that is not the target domain {run.domain!r}",
  )
  ours = run.parent is None or run.pretrained_by is not None
  check(
    not (ours and SELF in run.pretraining),
    "Run.pretraining",
    run.pretraining,
    "text; of a pretraining of ours, name self in `beside`",
  )
  check(
    SELF not in run.pretraining
    or not run.injection
    or isinstance(source, OtherText | SelfText),
    "Run.replay_source",
    word,
    "a source: text that is measured on alone has none to inject from",
  )
  check(
    not run.beside or run.parent is not None,
    "Run.beside",
    run.beside,
    "none without a parent: there is no base",
  )
