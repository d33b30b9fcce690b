"""What replay sources protect, in studies where it is known."""

import dataclasses

import numpy as np
import planted_study
import pytest

from forgetting import records
from forgetting.associations import protection
from forgetting.config import OtherText, SelfText
from forgetting.records import RunDirectory

SOURCES = (None, SelfText(chunks=64), OtherText(sources=("medical",)))
LEFT = (0.5, 0.6, 1.1)  # of what is forgotten without, of "near" text
SMALL = dict(sizes=((2, 16),), tokens=(12800,), injections=(0.0, 0.05))
TEXT = np.array(["near"] * 30 + ["far"] * 20)


def plant(folder, *, missing=()):
  """Three sources at 5 %, in two cells; far text has no use of any but own."""
  study = planted_study.plant(folder, **SMALL)
  draw = np.random.default_rng(0)
  without = 0.5 + 0.1 * draw.random(len(TEXT))
  for directory, run in [*records.run_directories(study)]:
    if run.domain is None:
      continue
    if not run.injection:
      _write(directory, without)
      continue
    for source, left in zip(SOURCES, LEFT, strict=True):
      other = dataclasses.replace(run, replay_source=source)
      if (run.domain, other.replay_source_word) in missing:
        continue
      at = directory
      if source is not None:
        at = RunDirectory.of(folder, "toy", other)
        at.create(other)
        known = dict(run=other.name, replay_source=other.replay_source_word)
        at.write_result(directory.result() | known)
      part = np.where(TEXT == "near", left, 1.0 if source else 0.5)
      _write(at, without * part)
  return study


def measure(study, **only):
  return protection.measure(study, records.load(study), **only)


def _write(directory, forgetting):
  base = np.full(len(TEXT), 2.0, np.float32)
  directory.write_examples(
    id=np.arange(len(TEXT)),
    source=TEXT,
    base=base,
    best=(base + forgetting).astype(np.float32),
  )


def test_what_is_removed_by_source_of_replay_and_of_text(tmp_path):
  found = measure(plant(tmp_path))
  assert found.injection == 0.05 and len(found.text) == 50
  assert found.sources[0] == "own" and len(found.sources) == 3
  removed = {(row.source, row.text): row.removed for row in found.kept()}
  own, selves, other = found.sources
  assert removed[own, "near"] == pytest.approx(0.5, abs=1e-5)
  assert removed[selves, "near"] == pytest.approx(0.4, abs=1e-5)
  assert removed[other, "near"] == pytest.approx(-0.1, abs=1e-5)
  assert removed[selves, "far"] == pytest.approx(0, abs=1e-5)
  whole = {row.source: row for row in found.kept() if row.text == "all"}
  assert removed[own, "all"] == pytest.approx(0.5, abs=1e-5)
  assert whole[selves].beside_own > 0 and whole[selves].error > 0.01
  assert whole[own].beside_own == 0


def test_a_cell_that_lacks_a_source_is_left_out(tmp_path):
  word = "medical"
  whole = measure(plant(tmp_path / "a"))
  part = measure(plant(tmp_path / "b", missing={("kjv", word)}))
  assert part.cells == whole.cells / 2
  only = measure(tmp_path / "b" / "toy", domain="wiki_fr")
  assert only.cells == part.cells
  rest = measure(tmp_path / "b" / "toy", domain="kjv")
  assert rest.sources == ("own", "self-t1") and rest.cells == part.cells


def test_a_study_of_the_own_corpus_alone_has_none(tmp_path):
  study = planted_study.plant(tmp_path, **SMALL)
  assert measure(study) is None


def test_the_standard_error_is_that_of_resampled_examples(tmp_path):
  found = measure(plant(tmp_path))
  row = next(r for r in found.kept() if r.source == "self-t1")
  draw = np.random.default_rng(1)
  shares = []
  for _ in range(2000):
    at = draw.integers(len(TEXT), size=len(TEXT))
    shares.append(1 - found.left[1, at].mean() / found.without[at].mean())
  assert row.text == "all"
  assert row.error == pytest.approx(np.std(shares), rel=0.1)
