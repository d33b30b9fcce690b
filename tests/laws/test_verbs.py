"""The laws from the command line, and the documentation's own examples."""

import json
from pathlib import Path
import re
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pandas as pd
from planted_tables import planted
import pytest

from forgetting import laws
from forgetting.config import InputError
from forgetting.laws import answers, answers_plan, arguments

DOCS = Path(__file__).parents[2] / "docs" / "laws.md"
ASKED = {"model_params": 4e6, "target_tokens": 1e6, "tolerance": 0.05}
FITTED = laws.fit(planted())


def losses(rows=60):
  """A table in nobody's column names."""
  generator = np.random.default_rng(0)
  n = np.exp(generator.uniform(np.log(1e7), np.log(1e9), rows))
  d = np.exp(generator.uniform(np.log(1e9), np.log(1e11), rows))
  loss = 1.7 + 400 / n**0.34 + 1500 / d**0.36
  loss *= np.exp(1e-3 * generator.normal(size=rows))
  return pd.DataFrame({"params": n, "seen": d, "val_loss": loss})


def run(*arguments):
  code = (
    "import sys; from forgetting.cli import main as cli\n"
    "try: cli.main()\n"
    "finally: print([m for m in ('jax', 'tensorflow') if m in sys.modules])"
  )
  return subprocess.run(
    [sys.executable, "-c", code, *map(str, arguments)],
    capture_output=True,
    text=True,
    check=False,
  )


def test_a_csv_with_other_names_is_fitted_without_jax(tmp_path):
  table, out = tmp_path / "some.csv", tmp_path / "fit.json"
  losses().to_csv(table, index=False)
  columns = "loss=val_loss,N=params,D=seen"
  done = run(
    "fit", table, "--law", "chinchilla", "--columns", columns, "--json", out
  )
  assert done.returncode == 0, done.stderr
  assert "certificate holds" in done.stdout
  assert done.stdout.rstrip().endswith("[]")
  stored = json.loads(out.read_text())
  assert stored["law"] == "chinchilla"
  assert stored["params"]["alpha"] == pytest.approx(0.34, rel=0.1)
  low, high = stored["intervals"]["alpha"]
  assert low < stored["params"]["alpha"] < high
  assert stored["n"] == 60
  assert stored["certificate"]["holds"]


@pytest.mark.parametrize("ours", [False, True])
def test_rows_to_predict_need_no_loss_and_may_have_either_names(ours):
  columns = arguments.parse_columns("loss=val_loss,N=params,D=seen")
  fitted = laws.fit(losses(), "chinchilla", columns=columns)
  rows = losses().head(3).drop(columns="val_loss")
  if ours:
    rows = rows.rename(columns={"params": "model_params", "seen": "tokens"})
  predicted = fitted.predict(rows)
  assert predicted["prediction"].to_numpy() == pytest.approx(
    losses()["val_loss"].head(3).to_numpy(), rel=0.01
  )


def test_bad_tables_are_one_line_and_status_2(tmp_path):
  table = tmp_path / "some.csv"
  losses().assign(val_loss=np.nan).to_csv(table, index=False)
  columns = "loss=val_loss,N=params,D=seen"
  done = run("fit", table, "--law", "chinchilla", "--columns", columns)
  assert done.returncode == 2
  assert len(done.stderr.strip().splitlines()) == 1
  assert "not finite" in done.stderr


def test_tolerance_is_told_in_every_unit(tmp_path):
  curve = tmp_path / "curve.csv"
  steps = np.arange(1, 2001.0)
  pd.DataFrame({"step": steps, "pretrain_loss": 3.6 * steps**-0.08}).to_csv(
    curve, index=False
  )
  base = FITTED.base_loss(4e6)
  bare = answers.advise(FITTED, **ASKED).data["tolerances"]
  assert bare == {"loss": 0.05, "percent": pytest.approx(5 / base)}
  report = answers.advise(FITTED, **ASKED, curve=curve)
  units = report.data["tolerances"]
  known = {"base_loss": base, "curve": laws.Curve(steps, 3.6 * steps**-0.08)}
  for unit, value in units.items():
    back = laws.convert(value, unit, "loss", **known)
    assert back == pytest.approx(0.05, rel=1e-6)
  assert set(units) == {"loss", "percent", "progress"}
  assert "% of pretraining progress" in report.text


def test_advice_at_a_budget_names_size_and_injection():
  report = answers.advise(FITTED, **ASKED, flops=2e14)
  best = report.data["budget"]["best"]
  q = FITTED.params
  strength = (1 + q["B"] * best["injection"]) * best["model_params"]
  change = q["A"] * 1e6 ** q["beta"] / strength ** q["alpha"]
  assert change <= 0.05 * (1 + 1e-6)
  tokens = 1e7 / (1 - best["injection"])
  assert 6 * best["model_params"] * tokens == pytest.approx(2e14)
  rows = pd.DataFrame(report.data["budget"]["rows"])
  kept = rows[rows["forgetting"] <= 0.05 * (1 + 1e-9)]
  assert best["model_params"] == kept["model_params"].max()
  assert "FLOPs buy" in report.text
  with pytest.raises(InputError, match="flops"):
    answers.advise(FITTED, **ASKED, flops=-1.0)


def test_a_budget_that_cannot_keep_the_tolerance_says_so():
  asked = ASKED | {"tolerance": 1e-9}
  report = answers.advise(FITTED, **asked, flops=1e12)
  assert report.data["budget"]["best"] is None
  assert "none of these" in report.text


def study():
  """What `plan_new` reads of a Study."""
  runs = [SimpleNamespace(domain=None, injection=1.0)]
  for n in (1e6, 4e6, 16e6):
    for d in (1e5, 1e6, 1e7):
      for p in (0.0, 0.001, 0.01, 0.05):
        model = SimpleNamespace(model_params=n)
        runs.append(
          SimpleNamespace(
            domain="kjv", model=model, target_tokens=d, injection=p
          )
        )
  return SimpleNamespace(name="to come", runs=runs)


def test_a_study_to_come_is_planned_from_its_file():
  point = {"model_params": 1e8, "target_tokens": 3e7}
  report = answers_plan.plan_new(study(), budget=1e17, **point)
  assert report.data["spent"] <= 1e17
  assert report.data["after"] < report.data["before"]
  assert set(report.table["injection"]) <= {0.0, 0.001, 0.01, 0.05}
  with pytest.raises(InputError, match="smallest design"):
    answers_plan.plan_new(study(), budget=1.0, **point)
  empty = SimpleNamespace(name="empty", runs=[])
  with pytest.raises(InputError, match="no fine-tuning"):
    answers_plan.plan_new(empty, budget=1e17, **point)


@pytest.mark.parametrize("text", ["B", "b=3", "B=many", "alpha=-1"])
def test_a_guess_is_numbers_by_known_names(text):
  with pytest.raises(InputError, match="guess"):
    answers_plan.parse_guess(text)


def test_a_guess_keeps_what_it_does_not_name():
  assert answers_plan.parse_guess("B=30") == {**answers_plan.GUESS, "B": 30.0}


def test_a_fit_prints_itself_in_a_notebook():
  text = FITTED._repr_html_()
  assert text.count("<tr>") == 4
  assert "certificate holds" in text
  fits = laws.fit(planted(), by="domain")
  assert "kjv" in fits._repr_html_()


def snippets():
  return re.findall(r"```python\n(.*?)```", DOCS.read_text(), re.DOTALL)


def test_the_documented_examples_run(tmp_path, monkeypatch):
  monkeypatch.chdir(tmp_path)
  planted().to_csv("runs.csv", index=False)
  n = np.geomspace(1e6, 1e9, 12)
  names = {
    "laws": laws,
    "np": np,
    "new_runs": planted().head(2),
    "table": {"model_params": n, "loss": 2 + 50 / n**0.3},
  }
  for snippet in snippets():
    exec(snippet, names)
  assert names["fits"]["kjv"].certificate.holds
  own = laws.fit(names["table"], names["law"])
  assert own.params["alpha"] == pytest.approx(0.3, rel=1e-5)
  body = next(s for s in snippets() if "laws.Law(" in s)
  assert len(body[: body.index("laws.fit")].strip().splitlines()) <= 12


def test_every_law_is_documented():
  text = DOCS.read_text()
  for name in laws.LAWS:
    assert f"`{name}`" in text
