"""Losses of models whose tokens are not of one length."""

import dataclasses
import math
import types

from hypothesis import given, strategies
import numpy as np
import pytest
from small import options_in
import tiny_checkpoint

from forgetting import records
from forgetting.config import Pretrained, canonical
from forgetting.records import tokenizers

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
  )
  return values | changes


def write(folder, runs, results):
  study = options_in(folder).study
  for run, result in zip(runs, results, strict=True):
    directory = study.of(run)
    directory.path.mkdir(parents=True)
    (directory.path / "config.json").write_text(canonical.to_json(run))
    directory.write_result(result)
    directory.append(
      dict(step=0, tokens=0, pretrain_loss=result["base_pretrain_loss"])
    )
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
