"""Losses of models whose tokens are not of one length."""

import dataclasses
import math
import types

from hypothesis import given, strategies
import numpy as np
import pandas as pd
import pytest
from small import options_in
import tiny_checkpoint

from forgetting import records
from forgetting.associations import load as matrix
from forgetting.config import InputError, Pretrained, canonical
from forgetting.records import tokenizers
from forgetting.records.by_source import by_source
from forgetting.report import evidence
from forgetting.report.export import export

TEXT = dict(news="wiki_en", law="kjv")
SMALL, LARGE = 4.0, 2.5  # bytes a token


@pytest.fixture
def runs(tmp_path):
  """A fine-tuning of a small and of a large checkpoint."""
  parents = [
    Pretrained(str(tiny_checkpoint.write(tmp_path / name, hidden_size=width)))
    for name, width in (("Small", 16), ("Large", 32))
  ]
  return [tiny_checkpoint.finetuning(parent, TEXT) for parent in parents]


def measured(length: float, tokenizer: str, **losses: float) -> dict:
  """A result in which all tokens have so many bytes."""
  told = dict(status="done", best_step=2, **losses)
  for name, loss in losses.items():
    if name.endswith("_loss"):
      bits = loss / math.log(2) / length
      told[name.replace("_loss", "_bits_per_byte")] = bits
  return told | dict(data={"kjv": {"tokenizer": f"own sha256:{tokenizer}"}})


def losses(**changes: float) -> dict:
  values = dict(
    base_pretrain_loss=3.0,
    pretrain_loss=3.2,
    base_target_loss=4.0,
    target_loss=3.5,
    kl_pretrain=0.1,
    forgetting_standard_error=0.01,
    wall_seconds=1.0,
  )
  return values | changes


def write(folder, runs, results):
  study = options_in(folder).study
  for run, result in zip(runs, results, strict=True):
    directory = study.of(run)
    directory.path.mkdir(parents=True)
    (directory.path / "config.json").write_text(canonical.to_json(run))
    directory.write_result(result)
    loss = result["base_pretrain_loss"]
    directory.append(dict(step=0, tokens=0, pretrain_loss=loss))
  return study.path


def test_those_of_other_tokens_are_told_by_the_small_models(tmp_path, runs):
  results = [
    measured(SMALL, "a", **losses()),
    measured(LARGE, "b", **losses(pretrain_loss=3.3)),
  ]
  folder = write(tmp_path, runs, results)
  table = records.load(folder).set_index("run")
  small, large = (table.loc[run.name] for run in runs)
  assert small.pretrain_loss == 3.2 and small.per_token_of == "small"
  assert large.per_token_of == "small"
  longer = SMALL / LARGE
  assert large.pretrain_loss == pytest.approx(3.3 * longer)
  assert large.target_loss == pytest.approx(3.5 * longer)
  assert large.kl_pretrain == pytest.approx(0.1 * longer)
  curves = records.curves(folder).set_index("run")
  assert curves.loc[runs[1].name].pretrain_loss == pytest.approx(3 * longer)
  _, line = records.by_method(table)
  assert line.startswith("tokenizers differ: losses are compared by the byte")
  assert "nats a token of small" in line


def test_those_of_one_tokenizer_stay_as_they_are(tmp_path, runs):
  results = [
    measured(SMALL, "a", **losses()),
    measured(SMALL * 1.01, "a", **losses(pretrain_loss=3.3)),
  ]
  table = records.load(write(tmp_path, runs, results)).set_index("run")
  assert table.loc[runs[1].name].pretrain_loss == 3.3
  assert not {*tokenizers.COLUMNS} & {*table.columns}
  assert records.by_method(table)[1] is None


def test_a_control_s_change_is_told_by_the_same_tokens(tmp_path, runs):
  small, large = runs
  control = dataclasses.replace(
    large, domain=None, target_tokens_asked=0, injection=1
  )
  results = [
    measured(SMALL, "a", **losses()),
    *(measured(LARGE, "b", **losses()) for _ in range(2)),
  ]
  folder = write(tmp_path, [small, large, control], results)
  study = options_in(tmp_path).study
  for run in (large, control):
    told = dict(step=2, tokens=2 * run.tokens_per_step, pretrain_loss=2.9)
    study.of(run).append(told)
  row = records.load(folder).set_index("run").loc[large.name]
  # a quarter of what a run has seen was injected
  expected = -0.1 * large.injection * SMALL / LARGE
  assert row.control_change == pytest.approx(expected)


def test_a_run_under_way_is_told_by_the_same_tokens(tmp_path, runs):
  small, large = runs
  done, other = large, dataclasses.replace(large, seed=1)
  results = [
    measured(SMALL, "a", **losses()),
    measured(LARGE, "b", **losses()),
    dict(status="diverged", base_pretrain_loss=3.0),
  ]
  folder = write(tmp_path, [small, done, other], results)
  going = dataclasses.replace(large, seed=2)
  directory = options_in(tmp_path).study.of(going)
  directory.path.mkdir()
  (directory.path / "config.json").write_text(canonical.to_json(going))
  directory.append(dict(step=0, tokens=0, pretrain_loss=3.0))
  curves = records.curves(folder).set_index("run")
  for run in (done, other, going):
    row = curves.loc[run.name]
    assert row.pretrain_loss == pytest.approx(3 * SMALL / LARGE)
    assert row.per_token_of == "small"


def test_before_any_run_of_a_model_is_done_its_first_record_tells(
  tmp_path, runs
):
  small, large = runs
  folder = write(tmp_path, [small], [measured(SMALL, "a", **losses())])
  directory = options_in(tmp_path).study.of(large)
  directory.path.mkdir()
  (directory.path / "config.json").write_text(canonical.to_json(large))
  bits = 3.0 / math.log(2) / LARGE
  directory.append(
    dict(step=0, tokens=0, pretrain_loss=3.0, pretrain_bits_per_byte=bits)
  )
  curves = records.curves(folder).set_index("run")
  told = curves.loc[large.name].pretrain_loss
  assert told == pytest.approx(3 * SMALL / LARGE)


def test_a_result_that_cannot_be_compared_is_refused(tmp_path, runs):
  old = measured(LARGE, "b", **losses())
  del old["base_pretrain_bits_per_byte"]
  folder = write(tmp_path, runs, [measured(SMALL, "a", **losses()), old])
  with pytest.raises(InputError, match="found no pretrain_bits_per_byte"):
    records.load(folder)


def test_what_is_read_of_single_sequences_is_refused(tmp_path, runs):
  results = [
    measured(n, t, **losses()) for n, t in ((SMALL, "a"), (LARGE, "b"))
  ]
  folder = write(tmp_path, runs, results)
  for run in runs:
    options_in(tmp_path).study.of(run).write_examples(
      base=np.ones(4),
      best=np.ones(4),
      id=np.array([*"abcd"]),
      source=np.array(["news"] * 4),
    )
  for read in (by_source, matrix.load):
    with pytest.raises(InputError, match="different tokenizers .large, small"):
      read(folder)


def test_the_page_s_runs_and_exported_ones_are_told_alike(tmp_path, runs):
  results = [
    measured(n, t, **losses()) for n, t in ((SMALL, "a"), (LARGE, "b"))
  ]
  folder = write(tmp_path, runs, results)
  table = records.load(folder).set_index("run").sort_index()
  export(folder, tmp_path / "out")
  again = records.load(tmp_path / "out").set_index("run").sort_index()
  read = evidence.read(folder).runs.set_index("run").sort_index()
  for other in (again, read):
    pd.testing.assert_series_equal(other.pretrain_loss, table.pretrain_loss)
    assert records.by_method(other.reset_index())[1].startswith("tokenizers")
    error = other.loc[runs[1].name].forgetting_standard_error
    assert error == pytest.approx(0.01 * SMALL / LARGE)
  kept = records.curves(tmp_path / "out").set_index("run")
  assert kept.loc[runs[1].name].pretrain_loss == pytest.approx(
    3 * SMALL / LARGE
  )


@given(
  lengths=strategies.lists(strategies.floats(1, 8), min_size=2, max_size=2),
  after=strategies.lists(strategies.floats(0.5, 9), min_size=2, max_size=2),
)
def test_forgetting_told_is_in_proportion_to_bits_a_byte(lengths, after):
  found = [
    (
      None,
      types.SimpleNamespace(
        model=types.SimpleNamespace(total_params=size),
        pretraining=("wiki_en",),
        domain="kjv",
        tokenizer=name,
        parent=None,
      ),
    )
    for size, name in enumerate("ab")
  ]
  results = [
    measured(length, name, **losses(pretrain_loss=loss))
    for length, name, loss in zip(lengths, "ab", after, strict=True)
  ]
  told = tokenizers.compared(found, results)
  lost = [r["pretrain_loss"] - r["base_pretrain_loss"] for r in told]
  bits = [
    r["pretrain_bits_per_byte"] - r["base_pretrain_bits_per_byte"]
    for r in results
  ]
  np.testing.assert_allclose(
    lost, np.array(bits) * math.log(2) * lengths[0], rtol=1e-9, atol=1e-12
  )
