import json

import numpy as np
import pandas as pd
import pytest

from forgetting import records
from forgetting.config import InputError
from forgetting.records import RunDirectory


@pytest.fixture
def directory(tmp_path, finetuning) -> RunDirectory:
  directory = RunDirectory.of(tmp_path, "toy", finetuning)
  directory.create(finetuning)
  return directory


RESULT = dict(
  status="done",
  pretrain_loss=2.5,
  base_pretrain_loss=2.0,
  target_loss=1.5,
  base_target_loss=3.0,
  best_step=7,
  steps=10,
  tokens=1280,
)


def test_one_row_a_run_with_the_columns_of_the_table(
  directory, finetuning, tmp_path
):
  directory.write_result(RESULT)
  RunDirectory.of(tmp_path, "toy", finetuning.parent).create(finetuning.parent)
  table = records.load(tmp_path / "toy")
  assert tuple(table.columns) == records.COLUMNS
  done = table[table.run == finetuning.name].iloc[0]
  assert (done.pretrain_loss, done.best_step) == (2.5, 7)
  assert (done.domain, done.target_tokens, done.study) == ("law", 192, "toy")
  half = table[table.run == finetuning.parent.name].iloc[0]
  assert half.status == "unfinished"
  assert pd.isna(half.domain)
  assert np.isnan(half.pretrain_loss)
  assert records.load(tmp_path).equals(table)


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
    directory.write_result(RESULT)
  assert not directory.done
  assert directory.result() == {}


def test_examples_round_trip(directory):
  base, best = np.float32([1, 2]), np.float32([2, 4])
  directory.write_examples(base=base, best=best, id=np.array([b"a", b"b"]))
  read = directory.examples()
  np.testing.assert_array_equal(read["best"] - read["base"], [1, 2])
  assert read["base"].dtype == np.float32


def test_curves_have_one_row_an_evaluation(directory, tmp_path, finetuning):
  for step in (0, 5):
    directory.append(dict(step=step, target_loss=1.0, pretrain_loss=2.0))
  curves = records.curves(tmp_path / "toy")
  assert list(curves.step) == [0, 5]
  assert set(curves.run) == {finetuning.name}
  assert set(curves.injection) == {0.25}


def test_a_table_of_another_trainer(tmp_path):
  file = tmp_path / "mine.csv"
  header = ",".join((*records.REQUIRED, "note"))
  file.write_text(f"{header}\n1000,5000,0.1,2.1,2.0,1.5,law,hello\n")
  table = records.load(file)
  assert tuple(table.columns[: len(records.COLUMNS)]) == records.COLUMNS
  assert table.iloc[0][["status", "study", "note"]].tolist() == [
    "done",
    "mine",
    "hello",
  ]
  file.write_text("model_params,domain\n1,a\n")
  with pytest.raises(InputError, match="'target_tokens'.* are missing"):
    records.load(file)


def test_nothing_there_is_one_line(tmp_path):
  with pytest.raises(InputError, match="no such study"):
    records.load(tmp_path / "absent")
  with pytest.raises(InputError, match="found no run"):
    records.load(tmp_path)


def test_config_on_disk_is_canonical(directory, finetuning):
  values = json.loads((directory.path / "config.json").read_text())
  assert values["injection"] == finetuning.injection
  assert values["parent"]["injection"] == 1.0


def test_a_resume_on_other_text_is_refused(tmp_path, finetuning):
  directory = RunDirectory.of(tmp_path, "toy", finetuning)
  directory.create(finetuning, text={"law/train": "1" * 64})
  directory.create(finetuning, text={"law/train": "1" * 64})
  with pytest.raises(InputError, match="the text has changed since the run"):
    directory.create(finetuning, text={"law/train": "2" * 64})
