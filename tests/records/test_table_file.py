"""The one reader of tables: whatever one verb takes, all of them take."""

import numpy as np
import pandas as pd
import pytest

from forgetting.associations import load as associations
from forgetting.config import InputError
from forgetting.laws import table as laws_table
from forgetting.records import load, table_file

RUNS = pd.DataFrame(
  {
    "model_params": [1e6, 2e6],
    "target_tokens": [1e4, 1e4],
    "injection": [0.0, 0.1],
    "pretrain_loss": [3.0, 2.9],
    "base_pretrain_loss": [2.8, 2.8],
    "target_loss": [2.0, 2.1],
    "domain": ["law", "law"],
  }
)
WRITERS = {
  ".csv": lambda table, file: table.to_csv(file, index=False),
  ".parquet": lambda table, file: table.to_parquet(file, index=False),
  ".jsonl": lambda table, file: table.to_json(
    file, orient="records", lines=True, double_precision=15
  ),
}


@pytest.mark.parametrize("ending", [*WRITERS, ".CSV", ".Parquet"])
def test_laws_report_and_associations_read_the_same_files(tmp_path, ending):
  file = tmp_path / f"ref{ending}"
  WRITERS[ending.lower()](RUNS, file)
  assert table_file.is_table(file)
  pd.testing.assert_frame_equal(table_file.read(file), RUNS, check_dtype=False)
  pd.testing.assert_frame_equal(laws_table.load(file), RUNS, check_dtype=False)
  pd.testing.assert_frame_equal(load(file)[[*RUNS]], RUNS, check_dtype=False)
  cells = pd.DataFrame(np.arange(6.0).reshape(2, 3), columns=["a", "b", "c"])
  WRITERS[ending.lower()](cells, file)
  np.testing.assert_array_equal(associations.load(file).values, cells)


def test_every_reader_has_a_writer_in_this_test():
  assert {*WRITERS} == {*table_file.READERS}


def test_renamed_columns_serve_whoever_needs_them(tmp_path):
  file = tmp_path / "mine.csv"
  names = {"pretrain_loss": "val_loss", "model_params": "size"}
  theirs = RUNS.rename(columns=names)
  theirs.to_csv(file, index=False)
  table = load(file, columns=names)
  pd.testing.assert_frame_equal(table[[*RUNS]], RUNS)
  assert table["val_loss"].tolist() == RUNS["pretrain_loss"].tolist()


def test_missing_columns_are_named_beside_those_found(tmp_path):
  file = tmp_path / "mine.csv"
  RUNS[["model_params", "domain"]].to_csv(file, index=False)
  with pytest.raises(InputError) as told:
    table_file.read(file, required=("domain", "injection", "target_loss"))
  line = str(told.value)
  assert "['injection', 'target_loss'] are missing" in line
  assert "found (model_params, domain)" in line
  assert "\n" not in line
  with pytest.raises(InputError, match=r"no column 'loss'.*\(model_params, "):
    table_file.read(file, columns={"target_loss": "loss"})


@pytest.mark.parametrize(
  ("name", "content", "line"),
  [
    ("mine.xlsx", b"", r"found '\.xlsx', expected \.csv or \.parquet"),
    ("absent.csv", None, "no table at .*absent.csv"),
    ("empty.csv", b"", "cannot read the table .*: No columns to parse"),
    ("mine.parquet", b"PAR0", "cannot read the table"),
  ],
)
def test_what_is_no_table_is_one_line(tmp_path, name, content, line):
  file = tmp_path / name
  if content is not None:
    file.write_bytes(content)
  with pytest.raises(InputError, match=line) as told:
    table_file.read(file)
  assert "\n" not in str(told.value)
