"""Which chunks rows and columns of the matrix stand for."""

import dataclasses

import numpy as np
from prepared_text import prepared
import pytest

from forgetting.config import InputError
from forgetting.data.store import chunk_ids
from forgetting.runs import matrix_chunks
from forgetting.runs import text as run_text


@pytest.fixture
def opened(text, monkeypatch) -> dict:
  """Source -> its prepared text; in that of law a quarter of targets counts."""
  quarter = np.arange(32) % 4 == 3
  out = {source: prepared(source, 32) for source in text.values()}
  out[text["law"]] = prepared(text["law"], 32, weights=quarter)
  monkeypatch.setattr(run_text, "open_source", lambda run, s: out[s])
  return out


def test_a_prompted_domains_row_is_the_text_that_its_run_trains_on(
  opened, finetuning, text
):
  """Of which more is needed, since prompts carry no loss."""
  pool, index = matrix_chunks.row(finetuning, at_most=100)
  # 200 targets that count, 8 of them in a chunk of 32
  assert finetuning.target_chunks == 6 and len(index) == 25
  target = run_text.mixture_of(finetuning).target
  assert list(index) == list(target.unique) and pool is not None
  assert target.tokens == 200
  _, first = matrix_chunks.row(finetuning, at_most=7)
  assert list(first) == list(index[:7])
  plain = dataclasses.replace(finetuning, domain=text["poems"])
  assert len(matrix_chunks.row(plain, at_most=100)[1]) == 6


def test_columns_are_what_the_run_with_the_most_is_measured_on(
  opened, finetuning
):
  few = dataclasses.replace(
    finetuning,
    evaluation=dataclasses.replace(
      finetuning.evaluation, full_pretrain=8, curve_pretrain=8
    ),
  )
  pool, ids = matrix_chunks.columns(finetuning.parent, [few, finetuning])
  assert len(ids) == 16
  found = chunk_ids(pool.take(np.array([*ids.values()])))
  assert [key.decode() for key in found] == [*ids]
  _, fewer = matrix_chunks.columns(finetuning.parent, [few])
  assert [*fewer] == [*ids][:8]


def test_text_that_is_not_here_is_refused(finetuning, monkeypatch):
  def absent(run, source):
    raise InputError(f"{source}: not prepared")

  monkeypatch.setattr(run_text, "open_source", absent)
  with pytest.raises(InputError, match="not prepared"):
    matrix_chunks.row(finetuning, at_most=1)
