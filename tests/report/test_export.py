"""A study as tables: what comes back is what went out."""

import json
import shutil

from command import forgetting
from exported_rows import write_row
import numpy as np
import pandas as pd
from planted_study import plant
import pytest

from forgetting import records
from forgetting.associations import load
from forgetting.config import InputError
from forgetting.records import plan_file
from forgetting.report import export
from forgetting.report.evidence import read

EXAMPLES = 12
MEGABYTES = 5e6  # what git should carry of the example at most


@pytest.fixture(scope="module")
def study(tmp_path_factory):
  """A small synthetic study with per-example losses, one run not done."""
  folder = plant(tmp_path_factory.mktemp("runs"), domains=("kjv", "wiki_fr"))
  generator = np.random.default_rng(0)
  base = generator.normal(3, 0.3, EXAMPLES).astype(np.float32)
  for directory, run in records.run_directories(folder):
    if run.parent is not None:
      write_row(directory, base, base + generator.exponential(0.3, EXAMPLES))
  shutil.rmtree(next(folder.glob("*-p0.2-*")) / "result.json", True)
  next(folder.glob("*-p0.2-*")).joinpath("result.json").unlink()
  return folder


@pytest.fixture(scope="module")
def exported(study, tmp_path_factory):
  return export.export(study, tmp_path_factory.mktemp("out") / "tables")


def test_the_table_of_runs_comes_back(study, exported):
  before, after = records.load(study), records.load(exported)
  assert (before["status"] == "unfinished").sum() == 1
  pd.testing.assert_frame_equal(
    before, after[before.columns], check_dtype=False, check_exact=True
  )


def test_evaluations_come_back(study, exported):
  pd.testing.assert_frame_equal(
    records.curves(study), records.curves(exported), check_exact=True
  )


def test_the_matrix_comes_back_with_its_names(study, exported):
  before, after = load.load(study), load.load(exported)
  np.testing.assert_allclose(after.values, before.values, atol=3e-7)
  np.testing.assert_array_equal(after.base, before.base)
  for name in export.NAMES:
    np.testing.assert_array_equal(getattr(after, name), getattr(before, name))


def test_a_report_reads_it_like_the_study(study, exported):
  before, after = read(study), read(exported)
  pd.testing.assert_frame_equal(
    before.measured, after.measured[before.measured.columns]
  )
  assert len(after.measured) > 0


def test_an_export_replaces_an_earlier_one(study, tmp_path):
  out = tmp_path / "out"
  out.mkdir()
  (out / "runs.parquet").write_text("an earlier one")
  export.export(study, out)
  assert len(records.load(out)) == len(records.load(study))


def test_a_study_without_a_row_has_no_matrix(study, tmp_path):
  half = tmp_path / "half"
  for folder in study.glob("*pretrain*"):
    shutil.copytree(folder, half / folder.name)
  out = export.export(half, tmp_path / "out")
  assert export.told(out)["matrix"] is None
  with pytest.raises(InputError, match="no finished fine-tuning"):
    load.load(out)


def test_what_cannot_be_exported_is_one_line(study, exported, tmp_path):
  for source, out, word in (
    (study, study, "own folder"),
    (exported, tmp_path, "found tables"),
    (tmp_path / "absent", tmp_path / "o", "no such study"),
  ):
    with pytest.raises(InputError, match=word):
      export.export(source, out)


def test_the_command_tells_what_it_wrote(study, tmp_path):
  done = forgetting("export", study, "--out", tmp_path / "o", "--json", "-")
  assert done.returncode == 0, done.stderr
  told = json.loads(done.stdout)
  assert told["runs"] == len(records.load(study))
  assert told["matrix"][1] == EXAMPLES
  assert forgetting("fit", tmp_path / "o").returncode == 0


def test_the_example_study_is_small_and_whole():
  told = export.told(export.EXAMPLE)
  assert sum(told["bytes"].values()) < MEGABYTES
  assert told["matrix"][0] > 20
  assert told["evaluations"] > told["runs"]


def test_what_the_config_allows_is_read_again(tmp_path):
  study = tmp_path / "not" / "there"
  plan_file.write(study, tolerance=0.25)
  assert plan_file.tolerance_of(study) == 0.25
  assert plan_file.tolerance_of(tmp_path / "nowhere") is None
