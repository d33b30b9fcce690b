"""What fine-tunings did to the logits of text, where their models are kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
import dataclasses
import typing

import numpy as np

from forgetting.associations.logit_heads import Tokens
from forgetting.associations.states import CHUNKS
from forgetting.config import Run
from forgetting.config.model import Model
from forgetting.records import StudyDirectory
from forgetting.runs import starts

if typing.TYPE_CHECKING:
  from forgetting.training.models.family import Params

# Parameters x tokens of the fixed logit, which reads every example with every
# task's change: minutes of a core. Above it measuring is hardly dearer.
MOST = 1e13


@dataclasses.dataclass(frozen=True)
class Text:
  """Sequences as an encoder reads them.

  Attributes:
    chunks: int32 [n, L+1].
    weights: [n, L], above 0 for tokens that count.
  """

  chunks: np.ndarray
  weights: np.ndarray

  @classmethod
  def joined(cls, parts: Sequence[Text]) -> Text:
    """One after the other.

    Args:
      parts: of one length.
    """
    return cls(
      np.concatenate([part.chunks for part in parts]),
      np.concatenate([part.weights for part in parts]),
    )

  def take(self, index) -> Text:
    """Some of the sequences.

    Args:
      index: positions, or a slice of them.
    """
    return Text(self.chunks[index], self.weights[index])


@dataclasses.dataclass(frozen=True)
class Kept:
  """Fine-tunings whose models are kept, and the text of their matrix.

  Attributes:
    study: where they are.
    runs: the matrix's rows.
    text: of the examples, then `CHUNKS` sequences of each run's own.
    columns: how many examples there are.
  """

  study: StudyDirectory
  runs: Sequence[Run]
  text: Text
  columns: int

  @property
  def small_enough(self) -> bool:
    """Whether all models are there, and small enough to be asked."""
    if not all(self.study.of(run).best.exists() for run in self.runs):
      return False
    tokens = self.text.weights.size
    return 0 < sum(r.model.total_params * tokens for r in self.runs) <= MOST

  @property
  def has_tokens(self) -> bool:
    """Whether `tokens` can be told: one decoder of ours is all parent."""
    parents = {run.parent for run in self.runs}
    ours = all(isinstance(run.model, Model) for run in self.runs)
    return len(parents) == 1 and ours and self.small_enough

  def fixed_logit(self) -> np.ndarray:
    """The fixed-logit forecast of each run, [M, N]."""
    from forgetting.training import head_change

    out = np.empty((len(self.runs), self.columns))
    examples = self.text.take(slice(self.columns))
    for row, own, before, after in self._models():
      model = self.runs[row].model
      change = head_change.fitted(
        before, after, own.chunks, own.weights, model=model
      )
      out[row] = head_change.rises(
        before, change, examples.chunks, examples.weights, model=model
      )
    return out

  def tokens(self) -> Tokens:
    """States and logits of single tokens, for the trainable logit."""
    from forgetting.training import head_change

    examples = self.text.take(slice(self.columns))
    states, changes, counted = [], [], []
    for row, own, before, after in self._models():
      model = self.runs[row].model
      told = head_change.of_tokens(
        before, after, own.chunks, own.weights, model=model
      )
      states.append(told[0].reshape(-1, told[0].shape[-1]))
      changes.append(told[1].reshape(-1, told[1].shape[-1]))
      counted.append(int((own.weights > 0).sum()))
    return Tokens(
      examples=head_change.states(before, examples.chunks, model=model),
      targets=examples.chunks[:, 1:],
      weights=examples.weights,
      tasks=np.stack(states),
      changes=np.stack(changes),
      counted=np.array(counted),
      head=head_change.head(before, model=model),
    )

  def _models(self) -> Iterator[tuple[int, Text, Params, Params]]:
    """Each run's row, its own text, its model before and after.

    One parent after the other, so that each is read once.
    """
    by_parent: dict[object, list[int]] = {}
    for row, run in enumerate(self.runs):
      # a method may want its base in fewer bits
      kept_in = getattr(run.method, "base", "float32")
      by_parent.setdefault((run.parent, kept_in), []).append(row)
    for rows in by_parent.values():
      before = starts.load_parent(self.study, self.runs[rows[0]])
      for row in rows:
        run, first = self.runs[row], self.columns + row * CHUNKS
        own = self.text.take(slice(first, first + CHUNKS))
        yield row, own, before, starts.load_params(self.study.of(run), run)
