"""`forgetting report` and `export`."""

import json
import pathlib

from command import called
import pytest

from forgetting import report
from forgetting.records import plan_file
from forgetting.report import export
from forgetting.runs import matrix_texts

# a study's page shows what is forgotten as text, and what domains are
TEXTS = dict(with_texts=matrix_texts.attach)


@pytest.fixture
def written(monkeypatch) -> list:
  """Table and options that `report.write` was called with."""
  asked = []

  def write(table, **options):
    assert "archaic English" in options.pop("titles")["kjv"]
    options.pop("tell")("so far")
    asked.append((table, options))
    return pathlib.Path(options["out"] or table) / "report.html"

  monkeypatch.setattr(report, "write", write)
  return asked


def test_a_study_by_name_is_reported_with_its_own_tolerance(
  written, tmp_path, monkeypatch
):
  monkeypatch.chdir(tmp_path)
  study = pathlib.Path("runs/toy")
  plan_file.write(study, tolerance=0.25)
  done = called("report", "toy")
  assert (done.returncode, done.stdout) == (
    0,
    "so far\npage: runs/toy/report.html\n",
  )
  done = called("report", "toy", "--tolerance", "0.1", "--out", "page")
  assert done.stdout == "so far\npage: page/report.html\n"
  assert written == [
    (study, dict(tolerance=0.25, out=None, columns={}, pdf=False, **TEXTS)),
    (study, dict(tolerance=0.1, out="page", columns={}, pdf=False, **TEXTS)),
  ]


def test_a_table_says_no_tolerance(written, table):
  assert called("report", table).returncode == 0
  assert called("report", table, "--columns", "loss=a,N=b").returncode == 0
  asked = dict(tolerance=0.05, out=None, columns={}, pdf=False, **TEXTS)
  names = {"loss": "a", "N": "b"}
  assert written == [(table, asked), (table, asked | {"columns": names})]


def test_an_exported_study_is_told_in_a_line_or_as_json(monkeypatch, tmp_path):
  told = dict(folder="a", runs=3, evaluations=9, matrix=(2, 60))
  told["bytes"] = {"runs.parquet": 5e6}
  monkeypatch.setattr(export, "export", lambda study, out: (study, out))
  monkeypatch.setattr(export, "told", lambda made: told)
  done = called("export", tmp_path, "--out", "a")
  assert done.returncode == 0, done.stderr
  assert (
    done.stdout == "a: 3 runs, 9 evaluations, a matrix of 2 x 60, 5.00 MB\n"
  )
  done = called("export", tmp_path, "--out", "a", "--json", "-")
  assert json.loads(done.stdout) == told | {"matrix": [2, 60]}
