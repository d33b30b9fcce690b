"""A run's model as a folder, of a checkpoint's child and of our own decoder."""

import json
import pathlib
import subprocess

import jax
import numpy as np
import pytest
from small import options_in
import tiny_checkpoint

from forgetting.config import InputError, LoRA, Pretrained, SelfText, canonical
from forgetting.config.config_json import parse
from forgetting.runs import evaluators, exporting
from forgetting.runs.options import Saves
from forgetting.runs.run import do_run
from forgetting.study.study import prepare_text
from forgetting.training import methods, models
from forgetting.training.checkpoint import save_params
from forgetting.training.public import adapter_files, reading

ROOT = pathlib.Path(__file__).parents[2]
TORCH = ROOT / ".venv-hf" / "bin" / "python"
PROGRAM = ROOT / "tests" / "exported_torch.py"


def done(root, run, params, **result):
  """The directory of a run whose best is kept."""
  directory = options_in(root).study.of(run)
  directory.path.mkdir(parents=True)
  (directory.path / "config.json").write_text(canonical.to_json(run))
  save_params(directory.best, jax.device_put(params))
  directory.write_result(
    dict(
      status="done", target_tokens=192, best_step=3, pretrain_loss=2.5,
      base_pretrain_loss=2.4, target_loss=2.0, base_target_loss=3.0, **result
    )
  )  # fmt: skip
  return directory


def test_a_child_of_a_checkpoint_is_written_as_that_was(tmp_path):
  parent = Pretrained(str(tiny_checkpoint.write(tmp_path / "Tiny")))
  text = dict(news="wiki_en", law="kjv")
  run = tiny_checkpoint.finetuning(parent, text)
  params = models.init(run.model, seed=7)
  told = dict(parent=dict(path=parent.path, weights="abc"))
  directory = done(tmp_path, run, params, **told)
  out = exporting.export(str(directory.path), str(tmp_path / "out"))
  for name in ("config.json", "tokenizer.json"):
    assert (out / name).read_bytes() == (parent.folder / name).read_bytes()
  again = reading.load(out, run.model.architecture)
  assert jax.tree.all(jax.tree.map(np.array_equal, again, params))
  card = (out / "README.md").read_text()
  assert f"base_model: {parent.path}" in card
  assert "25.00% of the tokens" in card and "| 2.4000 | 2.5000 |" in card
  with pytest.raises(InputError, match="expected a folder that is not"):
    exporting.export(str(directory.path), str(out))
  inside_a_file = str(out / "config.json" / "out")
  with pytest.raises(InputError, match="--out .* cannot be written .Not a dir"):
    exporting.export(str(directory.path), inside_a_file)


def test_an_adapter_is_written_as_pefts_files(tmp_path):
  parent = Pretrained(str(tiny_checkpoint.write(tmp_path / "Tiny")))
  text = dict(news="wiki_en", law="kjv")
  (parent.folder / "README.md").write_text("---\nlicense: mit\n---\n")
  lora = LoRA(rank=2, alpha=4, base="bfloat16")
  run = tiny_checkpoint.finetuning(parent, text, method=lora)
  start = models.init(run.model, seed=0)
  trained = methods.of(lora, run.model).trained(start, seed=3)
  trained = jax.tree.map(lambda x: x + 0.5, trained)
  told = dict(parent=dict(path=parent.path, weights="abc"))
  directory = done(tmp_path, run, trained, **told)
  out = exporting.export_adapter(str(directory.path), str(tmp_path / "out"))
  method, again = adapter_files.read(out, run.model)
  assert (method.rank, method.scale) == (2, 2)
  inside_a_file = str(out / "README.md" / "out")
  with pytest.raises(InputError, match="--out .* cannot be written .Not a dir"):
    exporting.export_adapter(str(directory.path), inside_a_file)
  assert jax.tree.all(jax.tree.map(np.array_equal, again, trained))
  card = (out / "README.md").read_text()
  assert "library_name: peft\n" in card and "license: mit\n" in card
  assert json.loads((out / "adapter_config.json").read_text())[
    "base_model_name_or_path"
  ] == str(parent.path)


def test_without_adapters_there_are_none_to_write(tmp_path):
  parent = Pretrained(str(tiny_checkpoint.write(tmp_path / "Tiny")))
  run = tiny_checkpoint.finetuning(parent, dict(news="wiki_en", law="kjv"))
  directory = done(tmp_path, run, models.init(run.model, seed=0))
  with pytest.raises(InputError, match="by method full, expected a LoRA run"):
    exporting.export_adapter(str(directory.path), str(tmp_path / "out"))


def test_our_own_decoder_becomes_a_llama(tmp_path, finetuning):
  params = models.init(finetuning.model, seed=1)
  directory = done(tmp_path, finetuning, params)
  out = exporting.export(str(directory.path), str(tmp_path / "out"))
  told = json.loads((out / "config.json").read_text())
  again = reading.load(out, parse(told))
  np.testing.assert_array_equal(
    again["head"]["embedding"], params["embed"]["embedding"]
  )


def test_what_cannot_be_given_back_is_told(tmp_path, finetuning):
  with pytest.raises(InputError, match="found no run"):
    exporting.export(str(tmp_path), str(tmp_path / "out"))
  params = models.init(finetuning.model, seed=1)
  directory = done(tmp_path, finetuning, params)
  (directory.path / "result.json").unlink()
  with pytest.raises(InputError, match="is not done"):
    exporting.export(str(directory.path), str(tmp_path / "out"))


def test_the_card_says_what_was_injected_and_measured(tmp_path, text):
  parent = Pretrained(str(tiny_checkpoint.write(tmp_path / "Tiny")))
  run = tiny_checkpoint.finetuning(
    parent, text, pretraining=("self",), replay_source=SelfText(chunks=8)
  )
  losses = {f"{k}_loss": 1.0 for k in ("pretrain", "target", "base_pretrain")}
  result = losses | dict(
    base_target_loss=1.0, best_step=1, target_tokens=192, parent={}
  )
  told = exporting.card(run, result)
  assert "came from self-t1" in told and "a divergence" in told
  assert "stand-in" not in told


@pytest.mark.slow
def test_transformers_has_the_losses_of_the_run(
  tmp_path, text, finetuning, own_cache
):
  """Of every sequence, of what was trained in each way and given back."""
  if not TORCH.exists():
    pytest.skip("needs .venv-hf: make hf")
  parent = Pretrained(str(tiny_checkpoint.write(tmp_path / "Tiny")))
  runs = dict(
    full=tiny_checkpoint.finetuning(parent, text),
    lora=tiny_checkpoint.finetuning(parent, text, method=LoRA(rank=2)),
    own=finetuning,
  )
  prepare_text([finetuning.parent, *runs.values()])
  options = options_in(tmp_path / "runs", saves=Saves(best=True))
  do_run(finetuning.parent, options)
  expected = {}
  for case, run in runs.items():
    do_run(run, options)
    directory = options.study.of(run)
    folder = tmp_path / "cases" / case
    folder.mkdir(parents=True)
    exporting.export(str(directory.path), str(folder / "model"))
    held_out = evaluators.evaluator_of(run, None).pretrain
    examples = directory.examples()
    assert examples["id"].tolist() == held_out.id.tolist()
    expected[case] = examples["best"]
    np.savez(
      folder / "text.npz", chunks=held_out.chunks, weights=held_out.weights
    )
    moved = np.abs(examples["best"] - examples["base"]).max()
    assert moved > 1e-3, case
  subprocess.run([TORCH, PROGRAM, tmp_path / "cases"], check=True)
  for case, ours in expected.items():
    theirs = np.load(tmp_path / "cases" / case / "losses.npy")
    difference = np.abs(theirs - ours).max()
    print(case, "differs by", difference)
    assert difference < 1e-4, case
