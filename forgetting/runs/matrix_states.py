"""States of a matrix's tasks and examples by a frozen language model."""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
import hashlib
import pathlib

import numpy as np

from forgetting import records
from forgetting.associations import states as states_lib
from forgetting.associations.load import finished
from forgetting.associations.matrix import ForgettingMatrix
from forgetting.associations.states import CHUNKS, States, spread_evenly
from forgetting.config import InputError, Pretrained, Run
from forgetting.data import tokenizers
from forgetting.data.decoding import BYTE_OFFSET, decode
from forgetting.data.tokenizers import Kind
from forgetting.records import StudyDirectory
from forgetting.runs import matrix_chunks, sides
from forgetting.runs.matrix_logits import Kept, Text
from forgetting.runs.sides import Side

PARENT = "parent"  # the study's own, the largest where there are several


def encode(
  matrix: ForgettingMatrix,
  path: pathlib.Path,
  keep: pathlib.Path,
  *,
  encoder: str,
  tokens: bool = False,
) -> States:
  """States of the matrix's text, read from a file where they are kept.

  Args:
    matrix: of a study, or of a file with `texts` and `task_texts`.
    path: the study's folder, or the file.
    keep: folder that states are kept in.
    encoder: `PARENT`, or a run's directory, a checkpoint's folder, an id of
      the Hugging Face hub.
    tokens: tell those of single tokens too, where the models are kept, which
      are always read anew.

  Raises:
    InputError: there is no text, or no such model.
  """
  runs: list[Run] = []
  if path.is_dir() and not records.exported(path):
    runs = _runs(matrix, path)
    side, text = _of_study(matrix, path, runs, encoder)
  else:
    side, text = _of_file(matrix, path, encoder)
  kept = Kept(StudyDirectory(path), runs, text, len(matrix.examples))
  tuned = encoder == PARENT and kept.small_enough
  key = _key(side, text, tuned)
  file = keep / "encoder_states.npz"
  found = states_lib.read(file, key=key)
  if found is None:
    found = _pooled(side, kept, tuned)
    states_lib.save(found, file, key=key)
  if not (tokens and tuned and kept.has_tokens):
    return found
  return dataclasses.replace(found, tokens=kept.tokens())


def _pooled(side: Side, kept: Kept, tuned: bool) -> States:
  # imported here: what is kept needs no JAX
  from forgetting.training.states import pooled

  text, columns = kept.text, kept.columns
  found = pooled(
    side.load(), text.chunks[:, :-1], text.weights, model=side.model
  )
  return States(
    pathlib.Path(side.path).name,
    found[:columns],
    found[columns:].reshape(-1, CHUNKS, *found.shape[1:]),
    kept.fixed_logit() if tuned else None,
  )


def _runs(matrix, study: pathlib.Path) -> list[Run]:
  """The fine-tunings that are the matrix's rows."""
  every = [run for run, _ in finished(study)]
  return [every[number] for number in matrix.numbers]


def _of_study(
  matrix, study: pathlib.Path, runs: Sequence[Run], encoder: str
) -> tuple[Side, Text]:
  """The examples' sequences, then `CHUNKS` of each task."""
  tokenizer, context = _alike(runs, study)
  parts = [_examples(matrix, runs), *map(_task, runs)]
  text = Text.joined(parts)
  if encoder == PARENT:
    return _parent(runs, study), text
  side = sides.side(encoder)
  if (side.tokenizer, side.model.context) == (tokenizer, context):
    return side, text
  return side, _encoded(decode(text.chunks, tokenizer), side)


def _alike(runs: Sequence[Run], study: pathlib.Path) -> tuple[str, int]:
  """Tokenizer and context of all runs."""
  found = {(run.tokenizer, run.model.context) for run in runs}
  if len(found) > 1:
    raise InputError(
      f"{study}: found runs with {len(found)} tokenizers or contexts, expected"
      " one: forecasters read all tasks with one encoder"
    )
  [alike] = found
  return alike


def _parent(runs: Sequence[Run], study: pathlib.Path) -> Side:
  largest = max(runs, key=lambda run: run.model.total_params)
  if isinstance(largest.parent, Pretrained):
    return sides.side(largest.parent.path, largest.model.context)
  return sides.side(str(study / largest.parent.name))


def _examples(matrix: ForgettingMatrix, runs: Sequence[Run]) -> Text:
  """The sequences of the matrix's columns."""
  found: dict[str, Text] = {}
  for parent in matrix_chunks.corpora_of(runs):
    pool, ids = matrix_chunks.columns(parent, runs)
    text = _of_pool(pool, np.array([*ids.values()]))
    found |= {key: text.take([i]) for i, key in enumerate(ids)}
  missing = [key for key in map(str, matrix.examples) if key not in found]
  if missing:
    raise InputError(
      f"forecasters: found other text than example {missing[0]}'s, expected the"
      " text that the study was made with"
    )
  return Text.joined([found[str(key)] for key in matrix.examples])


def _task(run: Run) -> Text:
  """`CHUNKS` sequences over all of a task's training text."""
  pool, index = matrix_chunks.row(run, at_most=run.target_tokens_asked)
  return _of_pool(pool, index[spread_evenly(len(index))])


def _of_pool(pool, index: np.ndarray) -> Text:
  return Text(pool.take(index), pool.weights_of(index))


def _of_file(matrix, path: pathlib.Path, encoder: str) -> tuple[Side, Text]:
  if encoder == PARENT:
    raise InputError(
      f"{path}: found no model in it, expected --forecasters MODEL, any"
      " checkpoint that reads its texts"
    )
  if matrix.texts is None or matrix.task_texts is None:
    raise InputError(
      f"{path}: found no `texts` and `task_texts`, expected both: forecasters"
      " read them"
    )
  side = sides.side(encoder)
  texts = [*matrix.texts]
  for own in matrix.task_texts:
    texts += [own[i] for i in spread_evenly(len(own))]
  return side, _encoded(texts, side)


def _encoded(texts: Sequence[str], side: Side) -> Text:
  """Texts as the encoder's tokens: their beginning, behind what begins one."""
  found = tokenizers.find(side.tokenizer)
  context = side.model.context
  chunks = np.zeros((len(texts), context + 1), np.int32)
  weights = np.zeros((len(texts), context), np.float32)
  chunks[:, 0] = tokenizers.begin(found)
  for row, text in enumerate(texts):
    own = _tokens(text, found)[: context - 1]
    chunks[row, 1 : len(own) + 1] = own
    # what begins a text says nothing of it, unless it says nothing itself
    weights[row, 1 if len(own) else 0 : len(own) + 1] = 1
  return Text(chunks, weights)


def _tokens(text: str, tokenizer: tokenizers.Tokenizer) -> np.ndarray:
  if tokenizer.kind is Kind.BYTES:
    return np.frombuffer(text.encode(), np.uint8).astype(np.int32) + BYTE_OFFSET
  if tokenizer.kind is Kind.HUGGING_FACE:
    return tokenizers.hugging_face_encoder(tokenizer.path)(text.encode())[0]
  raise InputError(
    f"forecasters: found the {tokenizer.kind.value} tokenizer"
    f" {tokenizer.name}, expected a model that reads bytes or has a"
    " tokenizer.json"
  )


def _key(side: Side, text: Text, tuned: bool) -> str:
  """Says whose states they are, of what."""
  found = hashlib.sha256(f"{side.path} {side.model} {tuned}".encode())
  folder = pathlib.Path(side.path).expanduser()
  for file in sorted(folder.glob("*.safetensors")):
    found.update(f"{file.name} {file.stat().st_mtime_ns}".encode())
  found.update(text.chunks.tobytes() + text.weights.tobytes())
  return found.hexdigest()
