"""Samples of a parent that somebody wants, before they are there."""

from __future__ import annotations

import dataclasses

from forgetting.config import SelfText, canonical
from forgetting.config.replay_source import SELF
from forgetting.data import cache, samples
from forgetting.data.documents import Split
from forgetting.training import sampling_size

VERSION = 2  # of how samples follow from weights and settings


@dataclasses.dataclass(frozen=True)
class Asked:
  """Samples that somebody wants.

  Attributes:
    text: how they are written.
    split: training text, of which loops and near-duplicates are left out; or
      validation text, as it comes: what the model expects of itself.
    context: L.
    tokenizer: its name.
    weights: hash of the parent's.
    parent: what the record calls it.
    rows: sequences that are written at once.
  """

  text: SelfText
  split: Split
  context: int
  tokenizer: str
  weights: str
  parent: str
  rows: int

  @property
  def source(self) -> str:
    """What they are called where text is read."""
    words = {Split.TRAIN: self.text.word, Split.VALIDATION: SELF}
    told = canonical.to_json(self.text)
    key = cache.key_of(
      VERSION, told, self.split, self.context, self.tokenizer, self.weights
    )
    return samples.source_of(words[self.split], key)

  @property
  def links(self) -> int:
    """Chunks of a chain."""
    return sampling_size.links(self.text.chunks)
