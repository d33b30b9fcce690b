import pandas as pd
import planted_remedies
import pytest

from forgetting import records
from forgetting.report import figure_remedies, remedies
from forgetting.report.evidence import Evidence


@pytest.fixture
def evidence(monkeypatch, tmp_path):
  monkeypatch.setattr(records, "blends", lambda _: planted_remedies.blends())
  runs = planted_remedies.runs()
  return Evidence(
    "s", runs, planted_remedies.curves(), pd.DataFrame(), {}, {}, tmp_path
  )


def test_the_table_says_each_remedy_at_its_best(evidence):
  compared = remedies.compare(evidence)
  text = remedies.section(compared, evidence)
  for word in ("plain", "lora-r4, lr 0.01", "averaging", "adds in part"):
    assert word in text
  assert "stopping one standard error" in text and "not done" not in text
  assert {*compared.points.remedy} >= {"plain", figure_remedies.HULL}


def test_one_method_has_no_section(evidence):
  runs = evidence.runs
  full = Evidence(
    "s", runs[runs.method == "full"], evidence.curves, evidence.data, {}, {}
  )
  assert remedies.compare(full) is None
