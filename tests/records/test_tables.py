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


def test_a_study_is_called_by_its_folder(directory, finetuning, tmp_path):
  """Copied under another name, its runs and their curves go together."""
  directory.write_result(dict(RESULT, study="toy"))
  directory.append(dict(step=0, target_loss=1.0, pretrain_loss=2.0))
  (tmp_path / "toy").rename(tmp_path / "copy")
  for table in (records.load, records.curves):
    assert {*table(tmp_path / "copy")["study"]} == {"copy"}


def test_losses_that_no_evaluation_has_are_numbers(
  directory, tmp_path, finetuning
):
  lost = dict(pretrain_loss=None, target_loss=None, target_standard_error=None)
  directory.append(dict(step=0, **lost))
  curves = records.curves(tmp_path / "toy")
  assert {str(curves[name].dtype) for name in lost} == {"float64"}
