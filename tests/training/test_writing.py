import jax
import numpy as np
from public_checkpoints import architecture, write_checkpoint
import pytest

from forgetting.storage import safetensors
from forgetting.training.public import reading, writing


@pytest.mark.parametrize(
  ("case", "shards"), [("mistral", 2), ("opt-after", 1), ("gpt2", 1)]
)
def test_what_was_read_is_written_bit_for_bit(case, shards, tmp_path):
  """Under the names, in the types and the files of the source."""
  source = write_checkpoint(tmp_path / "source", case, shards=shards)
  c, out = architecture(case), tmp_path / "out"
  out.mkdir()
  writing.as_source(reading.load(source, c), c, source=source, out=out)
  before, after = (reading.places_in(x) for x in (source, out))
  assert [*before] == [*after]
  for name, place in before.items():
    assert after[name].type == place.type
    assert after[name].file.name == place.file.name
    np.testing.assert_array_equal(after[name].raw(), place.raw(), name)


def test_what_is_not_ours_is_copied_and_no_tied_output_written(tmp_path):
  case = "gemma3"
  source = write_checkpoint(tmp_path / "source", case)
  file, c = source / "model.safetensors", architecture(case)
  found = {k: p.read().copy() for k, p in safetensors.places(file).items()}
  found["vision_tower.x"] = np.float32([1, 2])
  found["lm_head.weight"] = np.zeros((41, 32), np.float32)
  told = {k: safetensors.Written("F32", x.shape) for k, x in found.items()}
  safetensors.write(file, told, iter(found.values()))
  (tmp_path / "out").mkdir()
  params = reading.load(source, c)
  writing.as_source(params, c, source=source, out=tmp_path / "out")
  after = reading.places_in(tmp_path / "out")
  assert after["vision_tower.x"].read().tolist() == [1, 2]
  assert "lm_head.weight" not in after


def test_weights_of_no_file_get_the_usual_names(tmp_path):
  c = architecture("llama")
  params = reading.load(write_checkpoint(tmp_path / "x", "llama"), c)
  (tmp_path / "out").mkdir()
  writing.anew(params, c, out=tmp_path / "out")
  again = reading.load(tmp_path / "out", c)
  assert jax.tree.all(jax.tree.map(np.array_equal, params, again))
