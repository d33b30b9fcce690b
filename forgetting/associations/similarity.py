"""Does similar text explain what is forgotten? Baselines beside Z.

A task is the mean of its texts' vectors, an example its own; how alike they
are is the cosine of the two, cell by cell beside Z, as Jin & Ren tabulate it.
Cells of a row or of a column are not independent: intervals draw whole tasks
and whole examples anew.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
import dataclasses
import itertools
import re

import numpy as np

from forgetting.associations.metrics import pearson, spearman
from forgetting.config import InputError

WORD = re.compile(r"\w\w+")
COLUMNS = 5000  # examples at most that correlations are taken over
DRAWS = 200  # of tasks and examples, for an interval
SENTENCE_MODEL = "sentence-transformers/all-MiniLM-L6-v2"


@dataclasses.dataclass(frozen=True)
class Correlation:
  """How forgetting correlates with something else, over cells.

  Attributes:
    pearson, spearman: over all cells.
    pearson_interval, spearman_interval: 95 %, by resampled tasks and examples.
  """

  pearson: float
  pearson_interval: tuple[float, float]
  spearman: float
  spearman_interval: tuple[float, float]


def correlate(
  forgetting: np.ndarray, other: np.ndarray, *, draws: int = DRAWS
) -> Correlation:
  """How much two matrices agree over their cells.

  Args:
    forgetting: [M, N] nats per token; NaN cells of either are left out.
    other: [M, N].
    draws: of whole tasks and examples, for the intervals.

  Raises:
    InputError: the shapes differ.
  """
  if forgetting.shape != other.shape:
    raise InputError(
      f"similarity: found shape {other.shape}, expected that of the forgetting"
      f" matrix {forgetting.shape}"
    )
  generator = np.random.default_rng(0)
  rows, columns = forgetting.shape
  if columns > COLUMNS:
    kept = generator.choice(columns, COLUMNS, replace=False)
    forgetting, other = forgetting[:, kept], other[:, kept]
    columns = COLUMNS
  seen = ~(np.isnan(forgetting) | np.isnan(other))
  pairs = [(forgetting, other), (_ranks(forgetting, seen), _ranks(other, seen))]
  drawn = np.empty((draws, 2))
  for draw in drawn:
    cells = np.ix_(
      generator.integers(rows, size=rows),
      generator.integers(columns, size=columns),
    )
    kept = seen[cells]
    draw[:] = [pearson(a[cells][kept], b[cells][kept]) for a, b in pairs]
  found = [pearson(a[seen], b[seen]) for a, b in pairs]
  return Correlation(
    pearson=found[0],
    pearson_interval=_interval(drawn[:, 0]),
    spearman=found[1],
    spearman_interval=_interval(drawn[:, 1]),
  )


def _ranks(values: np.ndarray, seen: np.ndarray) -> np.ndarray:
  """Ranks among all cells that were seen: drawn anew, they stay as they are."""
  from scipy.stats import rankdata

  out = np.full(values.shape, np.nan)
  out[seen] = rankdata(values[seen])
  return out


def _interval(drawn: np.ndarray) -> tuple[float, float]:
  drawn = drawn[np.isfinite(drawn)]
  if not len(drawn):
    return float("nan"), float("nan")
  low, high = np.quantile(drawn, [0.025, 0.975])
  return float(low), float(high)


def _both(a, b) -> tuple[float, float]:
  seen = ~(np.isnan(a) | np.isnan(b))
  return pearson(a[seen], b[seen]), spearman(a[seen], b[seen])


def others(forgetting: np.ndarray) -> np.ndarray:
  """What the other tasks forget of each example, on average.

  Args:
    forgetting: [M, N] nats per token, NaN where not measured.

  Returns:
    [M, N]; NaN where no other task measured the example.
  """
  seen = ~np.isnan(forgetting)
  values = np.where(seen, forgetting, 0)
  count = seen.sum(0) - seen
  mean = (values.sum(0) - values) / np.maximum(count, 1)
  return np.where(count, mean, np.nan)


def between_tasks(forgetting: np.ndarray) -> tuple[float, float]:
  """Mean correlation of one task's row with another's.

  What any similarity has to be held against.

  Args:
    forgetting: [M, N] nats per token, NaN where not measured.

  Returns:
    Pearson's and Spearman's; NaN of a single row.
  """
  pairs = [
    _both(forgetting[i], forgetting[j])
    for i in range(len(forgetting))
    for j in range(i)
  ]
  if not pairs:
    return float("nan"), float("nan")
  pearsons, spearmans = np.nanmean(np.array(pairs), axis=0)
  return float(pearsons), float(spearmans)


def text_similarity(
  task_texts: Sequence[Sequence[str]],
  example_texts: Sequence[str],
  *,
  embed: Callable[[Sequence[str]], object] | None = None,
) -> np.ndarray:
  """Cosine of each task with each example.

  Args:
    task_texts: [M] of each task, what it was trained on.
    example_texts: [N].
    embed: texts -> [n, d] vectors of length 1, an array or sparse; TF-IDF
      over all these texts by default.

  Returns:
    [M, N].

  Raises:
    InputError: a task without text.
  """
  counts = [len(texts) for texts in task_texts]
  if not all(counts):
    raise InputError("task texts: found a task without text, expected some")
  texts = [text for group in task_texts for text in group]
  vectors = (embed or tfidf)([*texts, *example_texts])
  bounds = np.cumsum([0, *counts])
  means = [
    np.asarray(vectors[a:b].mean(axis=0)).ravel()
    for a, b in itertools.pairwise(bounds)
  ]
  tasks = np.array(means)
  length = np.linalg.norm(tasks, axis=1, keepdims=True)
  tasks = tasks / np.where(length > 0, length, 1)
  return np.asarray(vectors[bounds[-1] :] @ tasks.T).T


def tfidf(texts: Sequence[str]):
  """Texts as vectors of length 1: words weighed by their rarity.

  Counts x (ln((1 + n) / (1 + texts with the word)) + 1); words in lower case,
  of two letters or more.

  Args:
    texts: [n].

  Returns:
    [n, words], a scipy.sparse.csr_matrix.
  """
  from scipy.sparse import csr_matrix, diags

  column_of: dict[str, int] = {}
  columns, starts = [], [0]
  for text in texts:
    words = WORD.findall(text.lower())
    columns += [column_of.setdefault(word, len(column_of)) for word in words]
    starts.append(len(columns))
  shape = (len(texts), max(len(column_of), 1))
  counts = csr_matrix((np.ones(len(columns)), columns, starts), shape=shape)
  counts.sum_duplicates()
  having = np.bincount(counts.indices, minlength=shape[1])
  weighed = counts @ diags(np.log((1 + len(texts)) / (1 + having)) + 1)
  length = np.sqrt(np.asarray(weighed.multiply(weighed).sum(axis=1)).ravel())
  return csr_matrix(diags(1 / np.where(length > 0, length, 1)) @ weighed)


def sentence_embeddings(texts: Sequence[str]) -> np.ndarray:
  """Texts as vectors of length 1 by a sentence encoder.

  Args:
    texts: [n].

  Returns:
    float32 [n, d].

  Raises:
    InputError: the package is not installed.
  """
  try:
    from sentence_transformers import SentenceTransformer
  except ImportError:
    raise InputError(
      "sentence embeddings: the package sentence-transformers is not"
      " installed; install it, or use TF-IDF"
    ) from None
  model = SentenceTransformer(SENTENCE_MODEL)
  return model.encode(list(texts), normalize_embeddings=True)
