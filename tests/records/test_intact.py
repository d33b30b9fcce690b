"""Files of a run that somebody cut."""

import numpy as np
import pytest

from forgetting.config import InputError
from forgetting.records import RunDirectory
from forgetting.records.directory import run_directories


@pytest.fixture
def directory(tmp_path, finetuning) -> RunDirectory:
  directory = RunDirectory.of(tmp_path, "toy", finetuning)
  directory.create(finetuning)
  directory.write_result({"status": "finished"})
  directory.write_blends({"blends": [1, 2, 3]})
  directory.write_examples(base=np.zeros(9), best=np.ones(9))
  return directory


READ = {
  "result.json": lambda d: d.result(),
  "blends.json": lambda d: d.blends(),
  "examples.npz": lambda d: d.examples(),
  "config.json": lambda d: list(run_directories(d.path.parent)),
}


@pytest.mark.parametrize("part", [0.0, 0.5])
@pytest.mark.parametrize("name", READ)
def test_a_file_that_was_cut_is_named(directory, name, part):
  file = directory.path / name
  content = file.read_bytes()
  READ[name](directory)
  file.write_bytes(content[: int(part * len(content))])
  # without its config a run that is done would be nobody's
  whole = name in ("examples.npz", "config.json")
  lost = directory.path if whole else file
  with pytest.raises(InputError) as told:
    READ[name](directory)
  assert str(told.value).startswith(f"{file}: found it cut off or damaged, exp")
  assert f"delete {lost} and" in str(told.value)
  again = "`forgetting remedies`" if name == "blends.json" else "the study"
  assert f"{again} once more" in str(told.value)


@pytest.mark.parametrize("content", [b"null", b"[]", b"\xff{}", bytes(400)])
@pytest.mark.parametrize("name", READ)
def test_a_file_of_something_else_is_named(directory, name, content):
  file = directory.path / name
  file.write_bytes(content)
  with pytest.raises(InputError, match=f"{name}: found it cut off or damaged"):
    READ[name](directory)


def test_a_config_of_something_else_is_named(directory):
  file = directory.path / "config.json"
  file.write_text('{"model_type": "llama"}')
  with pytest.raises(InputError, match=rf"{file}: .*'model_type'"):
    list(run_directories(directory.path.parent))


def test_a_table_is_no_study_s_folder(tmp_path):
  (tmp_path / "runs.csv").write_text("N,D\n")
  with pytest.raises(InputError, match="runs.csv: found a file, expected a st"):
    list(run_directories(tmp_path / "runs.csv"))
