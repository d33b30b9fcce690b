"""What a report is about, read from a folder of studies and from tables."""

import dataclasses

import numpy as np
from planted_study import SIZES, TOKENS, plant
import pytest

from forgetting import records
from forgetting.config import InputError
from forgetting.records import RunDirectory
from forgetting.report import evidence, export, tables

SMALL = dict(sizes=SIZES[:1], tokens=TOKENS[:1])


@pytest.fixture
def two_studies(tmp_path):
  """Two studies with one domain each, which share their pretraining."""
  plant(tmp_path, study="first", domains=("kjv",), **SMALL)
  plant(tmp_path, study="second", domains=("wiki_fr",), seed=1, **SMALL)
  return tmp_path


def test_studies_that_share_a_pretraining_are_one_report(two_studies):
  read = evidence.read(two_studies)
  assert read.runs["run"].duplicated().sum() == 1
  assert read.domains == ["kjv", "wiki_fr"]
  assert len(read.results) == len(read.runs) == len(read.configs) == 10
  assert read.seconds == pytest.approx(10 * 12.5)


def test_what_every_section_asks_is_found_once(two_studies):
  read = evidence.read(two_studies)
  assert read.finetunings is read.finetunings
  assert read.measured is read.measured
  assert read.domains is read.domains


def test_a_run_of_two_studies_has_its_own_result_and_curve(two_studies):
  plant(two_studies, study="third", domains=("kjv",), seed=2, **SMALL)
  twice = next(two_studies.glob("third/*kjv*"))
  changed = RunDirectory(twice).result() | {"stop_reason": "another one"}
  RunDirectory(twice).write_result(changed)
  read = evidence.read(two_studies)
  runs = read.runs[read.runs["run"] == twice.name].set_index("study")
  assert runs["stop_reason"]["third"] == "another one"
  assert runs["stop_reason"]["first"] != "another one"
  drawn = tables.u_curves(read)
  assert drawn.groupby("run")["step"].is_monotonic_increasing.all()
  assert not drawn.duplicated(["run", "step"]).any()
  again = export._runs(two_studies).set_index(["study", "run"])["stop_reason"]
  assert again["third", twice.name] == "another one"
  assert again["first", twice.name] != "another one"


def test_a_table_may_name_its_columns_otherwise(two_studies, tmp_path):
  table = records.load(two_studies / "first").dropna(subset="domain")
  theirs = {"pretrain_loss": "val_loss", "model_params": "size"}
  file = tmp_path / "mine.csv"
  table.rename(columns=theirs).to_csv(file, index=False)
  with pytest.raises(InputError, match="'model_params', 'pretrain_loss'"):
    evidence.read(file)
  read = evidence.read(file, columns={"loss": "val_loss", "N": "size"})
  np.testing.assert_allclose(
    np.sort(read.runs["pretrain_loss"]), np.sort(table["pretrain_loss"])
  )


def test_text_that_stands_for_the_corpus_is_measured_and_told(two_studies):
  read = evidence.read(two_studies / "first")
  assert read.methods is None
  injects = read.runs["injection"].gt(0) & read.runs["domain"].notna()
  whole = len(read.measured)
  runs = read.runs.copy()
  runs.loc[injects, "replay_source"] = "self-t1"
  runs.loc[injects, "replay"] = "from-self-t1"
  read = dataclasses.replace(read, runs=runs)
  assert len(read.measured) == whole
  assert read.methods.endswith("what it wrote, self-t1, stands for it")
