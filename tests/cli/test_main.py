"""The command as its user meets it: help, answers, errors, exit status."""

import json
import pathlib

from command import CONFIGS, forgetting
import numpy as np
import pandas as pd
import pytest

VERBS = ("study", "run", "fit", "predict", "advise", "plan", "report", "data")


@pytest.fixture(scope="module")
def table(tmp_path_factory) -> pathlib.Path:
  """A user's table, made by a known law."""
  rows = []
  for n in (1e5, 4e5, 1.6e6):
    for d in (1e4, 4e4, 1.6e5):
      for p in (0, 0.01, 0.05, 0.2):
        base = 2.0 * (n / 1e5) ** -0.05
        forgotten = 0.4 * (d / 1e4) ** 0.4 * ((1 + 300 * p) * n / 1e5) ** -0.5
        target = 1.0 + 300 * n**-0.3 * d**-0.2
        rows.append((n, d, p, base + forgotten, base, target, "law"))
  columns = (
    "model_params", "target_tokens", "injection", "pretrain_loss",
    "base_pretrain_loss", "target_loss", "domain",
  )  # fmt: skip
  noise = np.random.default_rng(0).normal(0, 0.001, len(rows))
  frame = pd.DataFrame(rows, columns=columns)
  frame["pretrain_loss"] *= np.exp(noise)
  file = tmp_path_factory.mktemp("table") / "mine.csv"
  frame.to_csv(file, index=False)
  return file


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself_with_an_example(verb):
  done = forgetting(verb, "--help")
  assert done.returncode == 0
  assert f"forgetting {verb}" in done.stdout
  assert "Example" in done.stdout
  assert verb in forgetting("--help").stdout


@pytest.mark.parametrize(
  ("arguments", "line"),
  [
    (("study", "absent.py"), "absent.py: no such file"),
    (("fit", "absent"), "absent"),
    (("report", "absent"), "absent: no such study"),
    (("data", "show", "kjw"), "expected a path to text or one of kjv"),
    (("data", "show"), "found no name"),
    (("data", "tokenizer"), "neither a name nor --size"),
  ],
)
def test_bad_input_is_one_line_and_status_two(arguments, line, tmp_path):
  done = forgetting(*arguments, cwd=tmp_path)
  assert done.returncode == 2, done.stderr
  assert line in done.stderr
  assert done.stderr.startswith("forgetting: ")
  assert len(done.stderr.strip().splitlines()) == 1


def test_fit_prints_the_laws_and_writes_json(table, tmp_path):
  done = forgetting("fit", table, "--json", tmp_path / "fit.json")
  assert done.returncode == 0, done.stderr
  for word in ("forgetting", "target", "alpha", "mean relative error"):
    assert word in done.stdout
  assert json.loads((tmp_path / "fit.json").read_text())


def test_advice_is_the_planted_injection(table, tmp_path):
  done = forgetting(
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
  done = forgetting(
    "fit", tmp_path / "renamed.csv", "--law", "forgetting", "--columns", names,
    "--json", tmp_path / "fit.json",
  )  # fmt: skip
  assert done.returncode == 0, done.stderr
  done = forgetting(
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
  done = forgetting(
    "plan", table, "--domain", "law", "--budget", "1e13", "--model-params",
    "1e7", "--target-tokens", "1e6", "--json", tmp_path / "plan.json",
  )  # fmt: skip
  assert done.returncode == 0, done.stderr
  assert json.loads((tmp_path / "plan.json").read_text())


def test_report_of_a_table(table):
  done = forgetting("report", table)
  assert done.returncode == 0, done.stderr
  page = pathlib.Path(done.stdout.strip().removeprefix("page: "))
  assert page.name == "report.html"
  assert page.exists()


def test_the_catalogue_is_listed(tmp_path, monkeypatch):
  monkeypatch.setenv("FORGETTING_CACHE", str(tmp_path))
  done = forgetting("data", "list")
  assert done.returncode == 0
  assert all(name in done.stdout for name in ("kjv", "wiki_fr", "wiki_en"))


def test_version():
  assert forgetting("--version").stdout.strip()


def test_a_misspelt_field_names_the_field(tmp_path):
  file = tmp_path / "typo.py"
  text = (CONFIGS / "quickstart.py").read_text()
  file.write_text(text.replace("warmup_steps=", "warm_up_steps="))
  done = forgetting("study", file)
  assert done.returncode == 2
  assert "Optimizer has no field 'warm_up_steps'" in done.stderr
  assert "did you mean 'warmup_steps'?" in done.stderr
