"""What `forgetting associate` does and prints."""

from __future__ import annotations

from collections.abc import Callable, Sequence
import dataclasses
import os
import pathlib

import numpy as np

from forgetting import records
from forgetting.associations import (
  components,
  contest,
  informed,
  load,
  noise,
  own_patterns,
  parents,
  policies,
  protocol,
  readings,
  similarity,
  structure,
  words,
)
from forgetting.associations.factorisation import AuthorsFactorisation
from forgetting.associations.matrix import ForgettingMatrix
from forgetting.associations.states import States
from forgetting.config import InputError
from forgetting.storage.places import place

WithTexts = Callable[[ForgettingMatrix, pathlib.Path], ForgettingMatrix]
Embed = Callable[[Sequence[str]], object]
Products = Callable[[ForgettingMatrix, pathlib.Path], np.ndarray]
Encode = Callable[[ForgettingMatrix, pathlib.Path, pathlib.Path], States]


@dataclasses.dataclass(frozen=True)
class Association:
  """The verb's answer.

  Attributes:
    text: for people.
    data: the same for JSON; NaN where a number is not known.
    matrix, structure: what the figures are drawn from.
    folder: where they go: in the study, of a file in <stem>-report of the
      working directory.
  """

  text: str
  data: dict
  matrix: ForgettingMatrix
  structure: structure.Structure
  folder: pathlib.Path


def associate(
  path: str | os.PathLike,
  *,
  train_rows: str = "",
  test_rows: str = "",
  known: int = 30,
  seeds: int = 10,
  choose: str = "random",
  peers: bool = False,
  with_texts: WithTexts = lambda matrix, path: matrix,
  gradients: Products | None = None,
  embed: Embed | None = None,
  encode: Encode | None = None,
) -> Association:
  """`forgetting associate`: structure of a matrix, prediction of new tasks.

  Args:
    path: as for `load.load`.
    train_rows, test_rows: row numbers, as in "0,1,4-9"; see `protocol.split`.
    known, seeds, choose: see `protocol.run`.
    peers: try the authors' factorisation too, which takes minutes.
    with_texts: puts the texts of a study's tasks and examples into its
      matrix, where they are at hand.
    gradients: minus the inner products of gradients, [M, N], to hold
      forgetting against.
    embed: texts -> vectors of length 1, beside TF-IDF.
    encode: matrix, path and a folder to keep them in -> states of the tasks'
      and examples' text, from which language models forecast new tasks.

  Raises:
    InputError: no matrix there, or rows that cannot be.
  """
  matrix = load.load(path)
  at = place(path)
  folder = at if at.is_dir() else pathlib.Path(f"{at.stem}-report")
  found = structure.analyse(matrix)
  parts = components.leading(matrix, found)
  own = noise.measure(matrix)
  held = contest.hold(matrix)
  left_over = own_patterns.find(matrix)
  pairs = parents.compare(matrix)
  texts = with_texts(matrix, at)
  alike = _similarities(texts, embed)
  if gradients is not None:
    expected = gradients(matrix, at)
    correlation = similarity.correlate(matrix.values, expected)
    alike["minus the gradient product"] = correlation
  lines = [words.headline(matrix), "", *words.structure_lines(found)]
  lines += [*words.contest_lines(held), ""]
  lines += [*words.component_lines(parts), ""]
  if left_over:
    lines += [*words.own_pattern_lines(left_over), ""]
  lines += [words.noise_line(own)]
  if pairs:
    lines += ["", *words.parent_lines(pairs)]
  lines += ["", *words.similarity_lines(alike)]
  read = readings.read(texts, found)
  lines += words.reading_lines(read)
  data = {
    "shape": list(matrix.shape),
    "structure": {
      name: {"r2": model.r2, "r2_held_out": model.r2_held_out}
      for name, model in found.models.items()
    },
    "singular_values": found.singular_values.tolist(),
    "components": [dataclasses.asdict(part) for part in parts],
    "own_patterns": [dataclasses.asdict(one) for one in left_over],
    "parents": [dataclasses.asdict(pair) for pair in pairs],
    "multiplicative_against_additive": dataclasses.asdict(held)
    if held
    else None,
    "noise": dataclasses.asdict(own) if own else None,
    "readings": [dataclasses.asdict(ends) for ends in read],
    "similarity": {n: dataclasses.asdict(c) for n, c in alike.items()},
  }
  if min(matrix.shape) > 1:
    asked = dict(known=known, seeds=seeds, choose=choose)
    rows = protocol.split(
      matrix, train=parse_rows(train_rows), test=parse_rows(test_rows)
    )
    others = [AuthorsFactorisation()] if peers else []
    if encode is not None:
      states = encode(texts, at, folder)
      lines += [
        "",
        words.forecasters_line(states.encoder, logits=states.logit is not None),
      ]
      others += informed.methods(
        states, matrix, train=rows.train, new=rows.test
      )
    trial = protocol.run(matrix, rows, **asked, peers=others)
    lines += ["", *words.trial_lines(trial, rows, **asked)]
    data |= dataclasses.asdict(trial) | asked
    data |= {
      "train_rows": matrix.numbers[rows.train].tolist(),
      "test_rows": matrix.numbers[rows.test].tolist(),
    }
  else:
    lines += ["", "prediction: needs two tasks and two examples or more"]
  runs = _runs(path)
  if runs is not None and policies.has_policies(runs):
    data["policies"] = policies.as_data(runs)
    lines += ["", *policies.lines(runs)]
  return Association("\n".join(lines), data, matrix, found, folder / "figures")


def _runs(path: str | os.PathLike):
  """The table of a study's runs; a matrix in a file has none."""
  return records.load(path) if place(path).is_dir() else None


def parse_rows(text: str) -> tuple[int, ...]:
  """Reads numbers of rows.

  Args:
    text: as in "0,1,4-6"; "" for none.

  Returns:
    (0, 1, 4, 5, 6).

  Raises:
    InputError: it is not written like that.
  """
  rows = []
  for part in filter(None, (p.strip() for p in text.split(","))):
    first, dash, last = part.partition("-")
    if not first.isdecimal() or (dash and not last.isdecimal()):
      raise InputError(f"rows: found {part!r}, expected as in 0,1,4-9")
    rows += range(int(first), int(last if dash else first) + 1)
  return tuple(rows)


def _similarities(matrix: ForgettingMatrix, embed: Embed | None) -> dict:
  """Correlation of forgetting with what might explain it, by its name."""
  z = matrix.values
  found = {
    "mean of the other tasks": similarity.correlate(z, similarity.others(z))
  }
  if matrix.texts is not None and matrix.task_texts is not None:
    alike = similarity.text_similarity(matrix.task_texts, matrix.texts)
    found["text similarity, TF-IDF"] = similarity.correlate(z, alike)
    if embed is not None:
      alike = similarity.text_similarity(
        matrix.task_texts, matrix.texts, embed=embed
      )
      found["text similarity, embeddings"] = similarity.correlate(z, alike)
  if matrix.base is not None:
    found["loss before"] = similarity.correlate(z, matrix.base)
  return found
