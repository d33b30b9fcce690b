"""A run directory: what is written in it, and what is read back."""

import json

import numpy as np
import pytest

from forgetting import records
from forgetting.config import InputError
from forgetting.records import RunDirectory, StudyDirectory


@pytest.fixture
def directory(tmp_path, finetuning) -> RunDirectory:
  directory = RunDirectory.of(tmp_path, "toy", finetuning)
  directory.create(finetuning)
  return directory


def test_a_config_that_differs_is_refused(directory, finetuning):
  directory.create(finetuning)  # the same one again
  with pytest.raises(InputError, match="another run's config"):
    directory.create(finetuning.parent)


def test_unwritable_root_is_one_line(tmp_path, finetuning):
  file = tmp_path / "file"
  file.write_text("")
  with pytest.raises(InputError, match="cannot be written .* --root"):
    RunDirectory.of(file, "toy", finetuning).create(finetuning)


def test_the_last_line_of_a_step_counts_and_a_cut_line_does_not(directory):
  for loss, step in ((3.0, 0), (2.0, 5), (1.0, 5)):
    directory.append(dict(step=step, target_loss=loss))
  with open(directory.path / "records.jsonl", "a") as file:
    file.write('{"step": 9, "target_')
  assert [r["target_loss"] for r in directory.records()] == [3.0, 1.0]


def test_a_resume_drops_what_it_measures_again(directory):
  for step in (0, 5, 10):
    directory.append(dict(step=step))
  assert [r["step"] for r in directory.keep_records_before(10)] == [0, 5]
  assert [r["step"] for r in directory.records()] == [0, 5]


def test_result_appears_whole_or_not_at_all(directory, monkeypatch):
  def full_disk(*_):
    raise OSError("No space left on device")

  monkeypatch.setattr("os.replace", full_disk)
  with pytest.raises(OSError, match="No space"):
    directory.write_result(dict(status="done"))
  assert not directory.done
  assert directory.result() == {}


def test_examples_round_trip(directory):
  base, best = np.float32([1, 2]), np.float32([2, 4])
  directory.write_examples(base=base, best=best, id=np.array([b"a", b"b"]))
  read = directory.examples()
  np.testing.assert_array_equal(read["best"] - read["base"], [1, 2])
  assert read["base"].dtype == np.float32


def test_config_on_disk_is_canonical(directory, finetuning):
  values = json.loads((directory.path / "config.json").read_text())
  assert values["injection"] == finetuning.injection
  assert values["parent"]["injection"] == 1.0


def test_a_config_is_made_once_until_its_file_changes(directory):
  def read():
    ((_, run),) = records.run_directories(directory.path.parent)
    return run

  first = read()
  assert read() is first
  file = directory.path / "config.json"
  changed = json.loads(file.read_text()) | {"seed": 71}
  file.write_text(json.dumps(changed))
  assert read().seed == 71 != first.seed


def test_a_resume_on_other_text_is_refused(tmp_path, finetuning):
  directory = RunDirectory.of(tmp_path, "toy", finetuning)
  directory.create(finetuning, text={"law/train": "1" * 64})
  directory.create(finetuning, text={"law/train": "1" * 64})
  with pytest.raises(InputError, match="the text has changed since the run"):
    directory.create(finetuning, text={"law/train": "2" * 64})


def test_a_study_is_bound_once(tmp_path, finetuning):
  study = StudyDirectory.at(tmp_path, "toy")
  assert study.name == "toy" and study.path == tmp_path / "toy"
  assert study.of(finetuning) == RunDirectory.of(tmp_path, "toy", finetuning)
  with pytest.raises(InputError, match="found s3://"):
    StudyDirectory.at("s3://bucket", "toy")


def refuse(constant: str):
  raise AssertionError(f"found {constant}, which is no JSON")


def test_what_is_not_finite_is_null_on_disk_and_nan_in_tables(
  directory, tmp_path
):
  nan, inf = float("nan"), float("inf")
  directory.append(dict(step=0, pretrain_loss=2.0, target_loss=3.0))
  directory.append(dict(step=5, pretrain_loss=nan, target_loss=inf))
  told = dict(status="diverged", pretrain_loss=np.float32(nan), target_loss=inf)
  directory.write_result(told)
  lines = (directory.path / "records.jsonl").read_text().splitlines()
  for text in (*lines, (directory.path / "result.json").read_text()):
    json.loads(text, parse_constant=refuse)
  assert directory.records()[1] == dict(
    step=5, pretrain_loss=None, target_loss=None
  )
  assert directory.result()["pretrain_loss"] is None
  # written again at a resume
  assert len(directory.keep_records_before(6)) == 2
  assert "NaN" not in (directory.path / "records.jsonl").read_text()
  row = records.load(tmp_path / "toy").iloc[0]
  assert row.status == "diverged" and np.isnan(row.pretrain_loss)
  curves = records.curves(tmp_path / "toy")
  assert curves.target_loss.dtype == float
  assert np.isnan(curves.target_loss.iloc[1])
