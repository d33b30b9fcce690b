"""What a control has gained is taken off, at as many injected tokens."""

import dataclasses
import json

import numpy as np
import pytest
from small import options_in
import tiny_checkpoint

from forgetting import records
from forgetting.config import InputError, LoRA, OtherText, Pretrained, canonical


@pytest.fixture
def study(tmp_path):
  """A run that has injected 64 tokens at its best, and a control."""
  parent = Pretrained(str(tiny_checkpoint.write(tmp_path / "Tiny")))
  text = dict(news="wiki_en", law="kjv")
  run = tiny_checkpoint.finetuning(parent, text)  # 128 tokens a step, a quarter
  control = dataclasses.replace(
    run, domain=None, target_tokens_asked=0, injection=1
  )
  directory = options_in(tmp_path).study
  losses = dict(pretrain_loss=2.9, base_pretrain_loss=3.0, best_step=2)
  for one in (run, control):
    of_one = directory.of(one)
    of_one.path.mkdir(parents=True)
    (of_one.path / "config.json").write_text(canonical.to_json(one))
    of_one.write_result(dict(status="done") | losses)
  for step, loss in ((0, 3.2), (1, 3.0), (2, 2.9)):
    told = dict(step=step, tokens=128 * step, pretrain_loss=loss)
    directory.of(control).append(told)
    directory.of(run).append(told)
  return directory, run, control


def test_net_forgetting_is_without_what_the_text_alone_has_taught(study):
  directory, run, control = study
  table = records.load(directory.path).set_index("run")
  row = table.loc[run.name]
  assert row.control_change == pytest.approx(-0.1)  # half of the first 128
  assert row.net_forgetting == pytest.approx(-0.1 + 0.1)
  assert np.isnan(table.loc[control.name].net_forgetting)


def test_without_a_control_there_are_no_such_columns(study):
  directory, _, control = study
  (directory.of(control).path / "config.json").unlink()
  assert "net_forgetting" not in records.load(directory.path)


def test_other_text_has_no_control(study):
  directory, run, _ = study
  other = dataclasses.replace(run, pretraining=("kjv",), domain="wiki_fr")
  of_other = directory.of(other)
  of_other.path.mkdir()
  (of_other.path / "config.json").write_text(canonical.to_json(other))
  of_other.write_result(
    json.loads((directory.of(run).path / "result.json").read_text())
  )
  table = records.load(directory.path).set_index("run")
  assert np.isnan(table.loc[other.name].net_forgetting)
  assert np.isfinite(table.loc[run.name].net_forgetting)


def test_another_method_has_another_control(study):
  directory, run, _ = study
  lora = dataclasses.replace(run, method=LoRA(rank=2))
  of_lora = directory.of(lora)
  of_lora.path.mkdir()
  (of_lora.path / "config.json").write_text(canonical.to_json(lora))
  of_lora.write_result(directory.of(run).result())
  table = records.load(directory.path).set_index("run")
  assert np.isnan(table.loc[lora.name].net_forgetting)
  assert np.isfinite(table.loc[run.name].net_forgetting)


def test_a_source_has_its_own_control_and_no_injection_any(study):
  directory, run, _ = study
  source = OtherText(sources=("wiki_fr",))
  result = json.loads((directory.of(run).path / "result.json").read_text())
  other = dataclasses.replace(run, replay_source=source)
  none = dataclasses.replace(run, injection=0)
  for one in (other, none):
    of_one = directory.of(one)
    of_one.path.mkdir()
    (of_one.path / "config.json").write_text(canonical.to_json(one))
    of_one.write_result(result)
  table = records.load(directory.path).set_index("run")
  assert np.isnan(table.loc[other.name].net_forgetting)
  assert table.loc[none.name].control_change == 0


def test_a_table_net_of_its_control(study):
  directory, run, control = study
  found = records.load(directory.path)
  table, line = records.net_of_control(found)
  row = table.set_index("run").loc[run.name]
  assert row.pretrain_loss - row.base_pretrain_loss == pytest.approx(0.0)
  assert "-0.1 to -0.1 nats, is taken off" in line
  alone = found[found["run"] == control.name]
  with pytest.raises(InputError, match="--net: found no run with a control"):
    records.net_of_control(alone)


def test_what_a_control_saw_in_its_warm_up_counts_by_its_rate(study):
  directory, run, control = study
  for one, rates in ((control, (0.0, 1e-3, 1e-3)), (run, (1e-3,) * 3)):
    file = directory.of(one).path / "records.jsonl"
    file.unlink(missing_ok=True)
    for step, (loss, lr) in enumerate(zip((3.2, 3.0, 2.9), rates, strict=True)):
      told = dict(step=step, tokens=128 * step, pretrain_loss=loss, lr=lr)
      directory.of(one).append(told)
  row = records.load(directory.path).set_index("run").loc[run.name]
  # 64 tokens at the whole rate are what the control's first 128 are
  assert row.control_change == pytest.approx(-0.2)
