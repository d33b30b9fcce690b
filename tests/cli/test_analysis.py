"""The verbs that read studies and tables, from arguments to answers."""

import json

from command import called
import numpy as np
import pandas as pd
import pytest

from forgetting.report.export import EXAMPLE

PLAN = (  # quick, of a verb that reads the example study
  "plan", EXAMPLE, "--domain", "kjv", "--budget", "1e12",
  "--model-params", "1e7", "--target-tokens", "1e6",
)  # fmt: skip


def test_fit_prints_the_laws_and_writes_json(table, tmp_path):
  done = called("fit", table, "--json", tmp_path / "fit.json")
  assert done.returncode == 0, done.stderr
  for word in ("forgetting", "target", "alpha", "mean relative error"):
    assert word in done.stdout
  assert json.loads((tmp_path / "fit.json").read_text())


def test_advice_is_the_planted_injection(table, tmp_path):
  done = called(
    "advise", table, "--domain", "law", "--model-params", "4e5",
    "--target-tokens", "4e4", "--tolerance", "0.1",
    "--json", tmp_path / "advice.json",
  )  # fmt: skip
  assert done.returncode == 0, done.stderr
  # 0.4 * 4^0.4 * ((1 + 300 p) 4)^-0.5 = 0.1
  planted = ((0.4 * 4**0.4 / 0.1) ** 2 / 4 - 1) / 300
  advice = json.loads((tmp_path / "advice.json").read_text())
  assert abs(advice["injection"] / planted - 1) < 0.15
  assert "%" in done.stdout


def test_a_fit_on_disk_predicts(table, tmp_path):
  names = "N=size,D=amount"
  renamed = pd.read_csv(table).rename(
    columns=dict(model_params="size", target_tokens="amount")
  )
  renamed.to_csv(tmp_path / "renamed.csv", index=False)
  done = called(
    "fit", tmp_path / "renamed.csv", "--law", "forgetting", "--columns", names,
    "--json", tmp_path / "fit.json",
  )  # fmt: skip
  assert done.returncode == 0, done.stderr
  done = called(
    "predict",
    tmp_path / "fit.json",
    tmp_path / "renamed.csv",
    "--json",
    tmp_path / "out.json",
  )
  assert done.returncode == 0, done.stderr
  rows = pd.DataFrame(json.loads((tmp_path / "out.json").read_text())["rows"])
  measured = pd.read_csv(table).pretrain_loss
  np.testing.assert_allclose(rows["prediction"], measured, rtol=0.01)


def test_plan_stays_within_its_budget(table, tmp_path):
  done = called(
    "plan", table, "--domain", "law", "--budget", "1e13", "--model-params",
    "1e7", "--target-tokens", "1e6", "--json", tmp_path / "plan.json",
  )  # fmt: skip
  assert done.returncode == 0, done.stderr
  assert json.loads((tmp_path / "plan.json").read_text())


def test_json_is_printed_alone_and_is_json():
  done = called(*PLAN, "--json", "-")
  plan = json.loads(done.stdout, parse_constant=pytest.fail)
  assert plan["spent"] <= plan["budget"] == 1e12


def test_json_in_a_file_is_beside_the_words(tmp_path):
  done = called(*PLAN, "--json", tmp_path / "plan.json")
  assert "standard error" in done.stdout
  assert json.loads((tmp_path / "plan.json").read_text())["runs"]


def test_one_law_or_all_of_them(table):
  done = called("fit", table, "--compare", "--law", "target")
  assert done.returncode == 2
  assert "--law: found target with --compare" in done.stderr
