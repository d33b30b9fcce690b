"""How many rows a text has, and how long they are, as other trainers see it."""

import dataclasses
import itertools

import numpy as np
from rich.console import Console
from rich.progress import Progress

from forgetting.config import InputError
from forgetting.data import sources, tokenizers
from forgetting.data.documents import Counts
from forgetting.data.tokenizers import Kind

SAMPLE = 2000  # rows that are made tokens of; all are counted


@dataclasses.dataclass(frozen=True)
class Rows:
  """Rows of a text.

  Attributes:
    count: how many.
    tokens: in the mean of the first 2,000.
  """

  count: int
  tokens: float


def measure(source: str, *, tokenizer: str, context: int | None = None) -> Rows:
  """Counts the rows of a text: a record, or a block of plain text, is one.

  Args:
    source: as a config gives it: a path, `path.jsonl:field`, `hf:org/name`.
    tokenizer: of the model: `bytes`, `model:FOLDER` or a tokenizer.json.
    context: tokens that a row is cut to; None: it is not.

  Raises:
    InputError: no such text, an empty one, or a tokenizer of another kind.
  """
  count = _counter(tokenizer)
  with Progress(console=Console(quiet=True)) as progress:
    every = sources.find(source).documents(progress, Counts())
    found = (text for text in every if text.strip())
    lengths = [count(text) for text in itertools.islice(found, SAMPLE)]
    rest = sum(1 for _ in found)
  if not lengths:
    raise InputError(f"{source}: found no row of text, expected one or more")
  return Rows(
    len(lengths) + rest, float(np.minimum(lengths, context or np.inf).mean())
  )


def _counter(name: str):
  """A function that tells the tokens of a text, its end included."""
  found = tokenizers.find(name)
  if found.kind is Kind.BYTES:
    return lambda text: len(text.encode("utf-8", "replace")) + 1
  if found.kind is not Kind.HUGGING_FACE:
    raise InputError(
      f"--tokenizer: found {name}, expected bytes, a tokenizer.json or"
      " model:FOLDER to count rows with"
    )
  encode = tokenizers.hugging_face_encoder(found.path)
  return lambda text: len(encode(text.encode("utf-8", "replace"))[0]) + 1
