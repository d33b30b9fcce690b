"""Which two models may be checked, and what is said of the others."""

import dataclasses
import json

import jax
import numpy as np
import pytest
from small import options_in
import tiny_checkpoint

from forgetting.config import InputError, LoRA, Pretrained, canonical
from forgetting.data import tokenizers
from forgetting.runs import sides
from forgetting.training import methods, models
from forgetting.training.checkpoint import save_params
from forgetting.training.public import adapter_files


def test_two_checkpoints_are_read_at_one_context(tmp_path):
  base = tiny_checkpoint.write(tmp_path / "base")
  tuned = tiny_checkpoint.write(tmp_path / "tuned", seed=1)
  before, after = sides.pair(str(base), str(tuned))
  assert before.model == after.model and before.model.context == 64
  assert not jax.tree.all(
    jax.tree.map(np.array_equal, before.load(), after.load())
  )
  assert sides.pair(str(base), str(tuned), context=16)[1].model.context == 16


def test_an_adapter_is_joined_with_base(tmp_path):
  base = tiny_checkpoint.write(tmp_path / "base")
  before, _ = sides.pair(str(base), str(base))
  method = methods.of(LoRA(rank=2), before.model)
  params = before.load()
  trained = jax.tree.map(
    lambda x: np.asarray(x) + 0.1, method.trained(params, seed=0)
  )
  folder = tmp_path / "adapter"
  folder.mkdir()
  adapter_files.write(method, trained, folder, base_name="base")
  _, after = sides.pair(str(base), str(folder))
  assert after.kind == "adapter"
  whole = method.merged(trained, method.frozen(params))
  same = jax.tree.map(
    lambda a, b: np.allclose(a, b, atol=1e-6), after.load(), whole
  )
  assert jax.tree.all(same)


def test_other_shapes_and_tokenizers_are_refused_by_what_differs(tmp_path):
  base = str(tiny_checkpoint.write(tmp_path / "base"))
  wide = tiny_checkpoint.write(tmp_path / "wide", hidden_size=32)
  with pytest.raises(InputError, match=r"width 32 \(base 16\)") as told:
    sides.pair(base, str(wide))
  assert "\n" not in str(told.value) and "layers" not in str(told.value)
  other = tiny_checkpoint.write(tmp_path / "other")
  told = json.loads((other / "tokenizer.json").read_text())
  told["post_processor"] = None
  (other / "tokenizer.json").write_text(json.dumps(told))
  with pytest.raises(InputError, match="another tokenizer than that of"):
    sides.pair(base, str(other))


def test_a_tokenizer_that_was_saved_anew_is_the_same(tmp_path):
  """Trainers do so: in another order, with padding, merges as pairs."""
  base = tiny_checkpoint.write(tmp_path / "base")
  again = tiny_checkpoint.write(tmp_path / "again")
  told = json.loads((again / "tokenizer.json").read_text())
  told["padding"] = {"strategy": "BatchLongest", "pad_id": 0}
  told["truncation"] = {"max_length": 512}
  told["model"] |= {"ignore_merges": False, "dropout": None}
  merges = told["model"]["merges"]
  told["model"]["merges"] = [
    m.split(" ") if isinstance(m, str) else " ".join(m) for m in merges
  ]
  written = json.dumps(dict(reversed(told.items())), indent=2)
  (again / "tokenizer.json").write_text(written)
  sides.pair(str(base), str(again))
  pieces = told["model"]["vocab"]
  one, other = [*pieces][-2:]
  pieces[one], pieces[other] = pieces[other], pieces[one]
  (again / "tokenizer.json").write_text(json.dumps(told))
  with pytest.raises(InputError, match="pieces both, but not the same"):
    sides.pair(str(base), str(again))


def test_what_is_no_model_is_one_line(tmp_path, finetuning):
  base = str(tiny_checkpoint.write(tmp_path / "base"))
  with pytest.raises(InputError, match="no such folder"):
    sides.pair(base, str(tmp_path / "nothing"))
  directory = options_in(tmp_path).study.of(finetuning)
  directory.path.mkdir(parents=True)
  (directory.path / "config.json").write_text(canonical.to_json(finetuning))
  with pytest.raises(InputError, match="is not done"):
    sides.pair(str(directory.path), base)


def test_a_run_is_a_side_with_its_best(tmp_path, finetuning):
  params = models.init(finetuning.model, seed=1)
  directory = options_in(tmp_path).study.of(finetuning)
  directory.path.mkdir(parents=True)
  (directory.path / "config.json").write_text(canonical.to_json(finetuning))
  save_params(directory.best, jax.device_put(params))
  directory.write_result(dict(status="done"))
  path = str(directory.path)
  _, after = sides.pair(path, path)
  assert after.run == finetuning and after.kind == "run"
  assert jax.tree.all(jax.tree.map(np.array_equal, after.load(), params))
  with pytest.raises(InputError) as told:
    sides.side(path, 16)
  assert str(told.value) == (
    f"--context: found 16, expected 32, at which {path} was trained; leave it"
    " out"
  )
  folder = tmp_path / "adapter"
  folder.mkdir()
  (folder / "adapter_config.json").write_text("{}")
  with pytest.raises(InputError, match="expected it over a public checkpoint"):
    sides.pair(path, str(folder))


def _done(root, run) -> str:
  directory = options_in(root).study.of(run)
  directory.path.mkdir(parents=True)
  (directory.path / "config.json").write_text(canonical.to_json(run))
  directory.write_result(dict(status="done"))
  return str(directory.path)


def test_a_checkpoint_is_read_at_the_context_of_its_child(tmp_path):
  base = str(tiny_checkpoint.write(tmp_path / "base"))
  parent = Pretrained(base)
  text = dict(news="wiki_en", law="kjv")
  run = tiny_checkpoint.finetuning(parent, text)
  child = _done(tmp_path, run)
  for pair in ((base, child), (child, base)):
    assert [one.model.context for one in sides.pair(*pair)] == [32, 32]
  other = dataclasses.replace(run, model=parent.model(context=16))
  with pytest.raises(InputError, match=f"context of 16 .* 32 as of {child}: "):
    sides.pair(child, _done(tmp_path, other))


@pytest.mark.parametrize(
  "name",
  [
    "config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "model.safetensors",
    "model.safetensors.index.json",
  ],
)
def test_a_file_that_cannot_be_read_is_one_line(tmp_path, name):
  """A folder in its place: permissions do not bind who runs tests as root."""
  file = tiny_checkpoint.write(tmp_path / "base") / name
  file.unlink(missing_ok=True)
  file.mkdir()
  with pytest.raises(InputError) as told:
    found = sides.side(str(tmp_path / "base"))
    tokenizers.find(found.tokenizer)
    found.load()
  assert str(told.value) == f"{file}: cannot be read (Is a directory)"
