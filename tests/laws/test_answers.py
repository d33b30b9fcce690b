"""What the command answers to fit, advise and predict."""

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import planted_tables
from planted_tables import foreign, planted
import pytest

from forgetting import laws
from forgetting.config import InputError
from forgetting.laws import answers, answers_plan, arguments

FITTED = planted_tables.fitted()
TABLE = planted_tables.planted()
ASKED = {"model_params": 4e6, "target_tokens": 1e6, "tolerance": 0.05}
CURVE = planted_tables.CURVE


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
  foreign().to_csv(table, index=False)
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


def test_bad_tables_are_one_line_and_status_2(tmp_path):
  table = tmp_path / "some.csv"
  foreign().assign(val_loss=np.nan).to_csv(table, index=False)
  columns = "loss=val_loss,N=params,D=seen"
  done = run("fit", table, "--law", "chinchilla", "--columns", columns)
  assert done.returncode == 2
  assert len(done.stderr.strip().splitlines()) == 1
  assert "not finite" in done.stderr


@pytest.mark.usefixtures("few_draws")
def test_json_of_the_fit_verb_has_the_promised_keys():
  generator = np.random.default_rng(0)
  n, d = (
    np.geomspace(1e7, 1e9, 30),
    generator.permutation(np.geomspace(1e9, 1e11, 30)),
  )
  loss = 1.7 + 400 / n**0.34 + 1500 / d**0.36
  loss *= np.exp(1e-4 * generator.normal(size=30))
  table = pd.DataFrame({"n": n, "d": d, "val": loss, "lab": ["a", "b"] * 15})
  columns = arguments.parse_columns("N=n,D=d,loss=val")
  one = json.loads(
    json.dumps(answers.fit(table, law="chinchilla", columns=columns).data)
  )
  for key in (
    "law",
    "params",
    "intervals",
    "objective",
    "n",
    "certificate",
  ):
    assert key in one
  assert set(one["params"]) == {"E", "A", "B", "alpha", "beta"}
  assert one["params"]["A"] == pytest.approx(400, rel=0.2)
  grouped = answers.fit(table, law="chinchilla", columns=columns, by="lab").data
  assert set(grouped["groups"]) == {"a", "b"}
  assert grouped["groups"]["a"]["law"] == "chinchilla"


def test_answers_are_given_to_files(tmp_path):
  path = tmp_path / "runs.csv"
  TABLE.to_csv(path, index=False)
  fitted = answers.fit(path, law="forgetting")
  stored = tmp_path / "fit.json"
  stored.write_text(json.dumps(fitted.data))
  asked = {"model_params": 4e6, "target_tokens": 1e6, "tolerance": 0.05}
  advice = answers.advise(stored, **asked)
  assert 0 < advice.data["injection"] < 0.1
  rows = answers.predict(stored, path)
  assert len(rows.table) == len(TABLE)
  assert (rows.table["low"] < rows.table["high"]).all()
  plan = answers_plan.plan(
    path, budget=1e15, model_params=1e8, target_tokens=1e7, domain="kjv"
  )
  assert plan.data["after"] < plan.data["before"]


def test_progress_reads_a_curve(tmp_path):
  curve = tmp_path / "curve.csv"
  pd.DataFrame({"step": CURVE.steps, "pretrain_loss": CURVE.losses}).to_csv(
    curve, index=False
  )
  advice = answers.advise(
    FITTED,
    model_params=4e6,
    target_tokens=1e7,
    tolerance=30,
    unit="progress",
    curve=curve,
  )
  exact = laws.convert(30, "progress", "loss", base_loss=1, curve=CURVE)
  assert advice.data["tolerance"] == pytest.approx(exact)


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


@pytest.mark.usefixtures("few_draws")
def test_the_study_verb_prints_both_laws_for_each_domain():
  report = answers.fit(planted())
  assert "forgetting: L =" in report.text
  assert "target: L =" in report.text
  assert "with E free" in report.text
  assert "F(p)/F(0)" in report.text
  assert report.data["target"]["groups"]["kjv"]["params"]["E"] > 0


@pytest.mark.usefixtures("few_draws")
def test_a_law_that_cannot_be_fitted_is_left_out_with_the_reason():
  report = answers.fit(planted().drop(columns="base_pretrain_loss"))
  assert set(report.data) == {"target"}
  assert (
    "law forgetting left out: domain kjv: no column base_pre" in report.text
  )


def test_a_table_too_small_for_every_law_gets_the_widest_that_it_identifies():
  toy = planted_tables.toy()
  cell = toy[(toy["model_params"] == 1e5) & (toy["target_tokens"] == 25.6e3)]
  for table in (cell, cell.drop(columns="domain")):
    report = answers.fit(table)
    assert set(report.data) == {"tokens"}
    assert "law forgetting left out" in report.text
    assert "the widest law that these runs identify" in report.text
  with pytest.raises(InputError, match="law forgetting needs 3"):
    answers.fit(cell[cell["injection"] == 0])
  with pytest.raises(InputError, match="injection"):
    answers.fit(cell.drop(columns="injection"))
  with pytest.raises(InputError, match="no column 'nosuch'"):
    answers.fit(cell, by="nosuch")
  held = answers.fit(cell, fixed={"c": 0.8}).data["tokens"]
  assert held["groups"]["kjv"]["params"]["c"] == 0.8


def test_a_table_of_one_loss_gets_the_laws_of_it():
  report = answers.fit(planted().drop(columns="target_loss"))
  assert set(report.data) == {"forgetting", "tokens"}
  report = answers.fit(planted().drop(columns="pretrain_loss"))
  assert set(report.data) == {"target"}
  with pytest.raises(InputError, match="pretrain_loss"):
    answers.fit(planted().drop(columns=["pretrain_loss", "target_loss"]))


def test_rows_to_predict_come_back_as_they_were(tmp_path):
  rows = planted_tables.planted().head(3)
  rows.to_csv(tmp_path / "rows.csv", index=False)
  report = answers.predict(planted_tables.fitted(), tmp_path / "rows.csv")
  assert [*report.table][: len(rows.columns)] == [*rows.columns]
  assert "file line" not in report.table


def test_columns_are_those_of_the_rows_or_of_the_table(tmp_path):
  rows = planted_tables.planted().head(3)
  expected = answers.predict(planted_tables.planted(), rows).table["prediction"]
  named = rows.rename(columns={"model_params": "size"})
  columns = {"N": "size", "D": "text"}
  table = planted_tables.planted().rename(columns={"target_tokens": "text"})
  report = answers.predict(table, named, columns=columns)
  assert [*report.table][: len(named.columns)] == [*named.columns]
  assert report.table["prediction"].tolist() == pytest.approx(expected.tolist())
  with pytest.raises(InputError, match="no column 'length' in the table"):
    answers.predict(table, named, columns={**columns, "p": "length"})


def test_a_fit_cannot_be_made_net_of_a_control_afterwards():
  asked = {"model_params": 4e6, "target_tokens": 1e6, "tolerance": 0.05}
  with pytest.raises(
    InputError, match="--net: found a fit, expected the study"
  ):
    answers.advise(planted_tables.fitted(), net=True, **asked)


@pytest.mark.filterwarnings("error")
def test_a_size_that_cannot_be_is_told_before_a_curve_is_looked_for():
  curve = pd.DataFrame(
    dict(step=[1, 2, 3], pretrain_loss=[3.0, 2.0, 1.5], model_params=1e6)
  )
  asked = dict(model_params=0.0, target_tokens=1e6, tolerance=0.1, curve=curve)
  with pytest.raises(InputError, match="model_params 0.0: must be positive"):
    answers.advise(planted_tables.planted(), **asked)


@pytest.mark.parametrize("size, said", [(4e6, False), (2e6, True)])
def test_progress_says_of_which_size_it_is(tmp_path, size, said):
  curve = tmp_path / "curve.csv"
  table = pd.DataFrame({"step": CURVE.steps, "pretrain_loss": CURVE.losses})
  table.assign(model_params=size).to_csv(curve, index=False)
  asked = dict(model_params=4e6, target_tokens=1e7, curve=curve)
  advice = answers.advise(FITTED, tolerance=30, unit="progress", **asked)
  told = "progress is that of the pretraining of 2,000,000 parameters"
  assert (told in advice.text) == said


def test_the_law_that_is_asked_for_answers_of_a_file_that_has_several(tmp_path):
  file = tmp_path / "fits.json"
  fits = [
    laws.fit(planted_tables.toy(), law) for law in ("forgetting", "tokens")
  ]
  file.write_text(json.dumps({f.law.name: f.as_dict() for f in fits}))
  asked = dict(model_params=1e5, target_tokens=25.6e3, tolerance=0.1)
  for fitted in fits:
    told = answers.advise(str(file), law=fitted.law.name, **asked)
    assert told.data["law"] == fitted.law.name
  with pytest.raises(InputError, match="law tokens_best: found fits of forget"):
    answers.advise(str(file), law="tokens_best", **asked)
  for broken in ("[{}]", '{"forgetting": null}', '{"groups": 1, "by": 2}'):
    file.write_text(broken)
    with pytest.raises(InputError, match="fits.json: found no object in it"):
      answers.advise(str(file), **asked)
  file.write_text(json.dumps({"tokens": fits[1].as_dict()}))
  assert answers.advise(str(file), **asked).data["law"] == "tokens"
  assert len(answers.predict(str(file), planted_tables.toy()).table)
  with pytest.raises(InputError, match="no law 'token'"):
    answers.advise(str(file), law="token", **asked)
