"""Runs that start from a public checkpoint, from its folder to the result."""

import dataclasses
import json

import numpy as np
import pytest
from small import options_in
import tiny_checkpoint

from forgetting import records
from forgetting.config import InputError, LoRA, Pretrained, Run, canonical
from forgetting.data import store, tokenizers
from forgetting.runs import text as run_text
from forgetting.runs.run import do_run
from forgetting.runs.starts import Starts
from forgetting.study.study import prepare_text


@pytest.fixture(scope="module")
def done(tmp_path_factory, text, own_cache):
  """A fine-tuning and its control, both done; where, and the checkpoint."""
  root = tmp_path_factory.mktemp("checkpoints")
  parent = Pretrained(str(tiny_checkpoint.write(root / "Tiny-1K")))
  runs = [
    tiny_checkpoint.finetuning(parent, text),
    tiny_checkpoint.finetuning(
      parent, text, injection=1, domain=None, target_tokens_asked=0
    ),
  ]
  prepare_text(runs)
  starts = Starts()
  for run in runs:
    do_run(run, options_in(root / "runs"), starts=starts)
  return root, parent, runs


def test_a_result_says_what_it_stands_on(done):
  root, parent, runs = done
  table = records.load(root / "runs" / "toy").set_index("run")
  run, control = (table.loc[r.name] for r in runs)
  assert runs[0].name.startswith("n4.69k-tiny_1k-law-d192-p0.25-s0-")
  assert runs[1].name.startswith("n4.69k-tiny_1k-control-s0-")
  assert control.replay == "control" and np.isnan(control.target_loss)
  assert run.base_pretrain_loss == pytest.approx(control.base_pretrain_loss)
  result = options_in(root / "runs").study.of(runs[0]).result()
  assert result["parent"] == dict(
    path=parent.path, **run_text.identity(runs[0])
  )
  assert {*run_text.identity(runs[0])} == {"config", "tokenizer", "weights"}


def test_a_run_survives_its_json(done):
  _, _, runs = done
  for run in runs:
    told = json.loads(canonical.to_json(run))
    assert canonical.from_dict(Run, told) == run


def test_sequences_begin_as_the_models_do(done):
  _, parent, runs = done
  found = tokenizers.find(parent.tokenizer)
  assert (found.begin_id, found.end_id) == (256, 257)
  prepared = run_text.open_source(runs[0], runs[0].domain)
  assert (prepared.train[:, 0] == tiny_checkpoint.BEGIN).all()
  assert (prepared.train[:, 1:] != tiny_checkpoint.BEGIN).all()
  plain = store.prepare(
    runs[0].domain, context=32, tokenizer=f"{parent.path}/tokenizer.json"
  )
  np.testing.assert_array_equal(plain.train[:, 1:], prepared.train[:, 1:])
  assert (plain.train[:, 0] != tiny_checkpoint.BEGIN).all()


def test_other_weights_are_another_parent(done, text, tmp_path):
  folder = tiny_checkpoint.write(tmp_path / "Tiny-1K")
  parent = Pretrained(str(folder))
  run = tiny_checkpoint.finetuning(parent, text)
  directory = options_in(tmp_path / "runs").study.of(run)
  prepare_text([run])
  directory.create(
    run, text=run_text.text_fingerprint(run), parent=run_text.identity(run)
  )
  weights = (folder / "model.safetensors").read_bytes()
  (folder / "model.safetensors").write_bytes(weights[:-4] + b"\0\0\0\0")
  with pytest.raises(InputError, match="the parent has changed since"):
    do_run(run, options_in(tmp_path / "runs"))


def test_what_does_not_fit_a_checkpoint_is_refused(done):
  _, _, (run, control) = done
  for changes, message in (
    (dict(tokenizer="bytes"), "Run.tokenizer: found 'bytes', expected the"),
    (dict(injection=1), "below 1"),
    (dict(domain=None, target_tokens_asked=0), "Run.injection"),
  ):
    with pytest.raises(InputError, match=message):
      dataclasses.replace(run, **changes)
  with pytest.raises(InputError, match="at most the 64 tokens"):
    run.parent.model(context=65)
  assert control.needs == ()


def test_each_method_has_its_own_control(done, text):
  root, parent, (_, control) = done
  lora = LoRA(rank=2, base="bfloat16")
  runs = [
    tiny_checkpoint.finetuning(parent, text, method=lora),
    dataclasses.replace(control, method=lora),
  ]
  for run in runs:
    do_run(run, options_in(root / "runs"))
  table = records.load(root / "runs" / "toy").set_index("run")
  change = table.pretrain_loss - table.base_pretrain_loss
  row = table.loc[runs[0].name]
  assert row.control_change != 0
  assert runs[1].name.startswith("n4.69k-tiny_1k-control-lora-r2-bfloat16-s")
  assert row.net_forgetting == pytest.approx(
    change[runs[0].name] - row.control_change
  )
  full = table.loc[control.name]
  assert np.isnan(full.net_forgetting) and row.method == "lora-r2-bfloat16"
  # its base is rounded before it is measured
  assert row.base_pretrain_loss != full.base_pretrain_loss
  assert row.base_pretrain_loss == pytest.approx(full.base_pretrain_loss, 1e-3)
