"""The what-if panel in Chromium: the same numbers as the command's."""

from dataclasses import replace
import json

import numpy as np
import pandas as pd
from planted_laws import random_points
from planted_tables import planted
import pytest
from visit import Visit

from forgetting import laws, records, report
from forgetting.laws import answers
from forgetting.laws.advisors import fit_advisors
from forgetting.laws.invert import injection_needed
from forgetting.laws.law import advisable
from forgetting.report import javascript, template_files, whatif

pytestmark = pytest.mark.browser
SIZE = 197184  # the largest of the synthetic study
QUESTIONS = (
  dict(model_params=SIZE, target_tokens=51200, tolerance=0.1),
  # beyond the data, twice, and a tolerance that no injection reaches
  dict(model_params=1_500_000, target_tokens=1_000_000, tolerance=0.05),
  dict(model_params=30_000, target_tokens=20_000, tolerance=5),
  dict(model_params=30_000, target_tokens=20_000, tolerance=3, unit="percent"),
  dict(model_params=SIZE, target_tokens=51200, tolerance=2, unit="progress"),
)


def floats(value):
  """Numbers of a page's answer; what is infinite there is here too."""
  return float(value) if value is not None else float("inf")


@pytest.mark.parametrize("domain", ["kjv", "wiki_fr"])
@pytest.mark.parametrize("question", QUESTIONS)
def test_panel_says_what_advise_prints(visit, study, domain, question):
  visit.fill(domain=domain, unit=question.get("unit", "loss"))
  fields = {k: v for k, v in question.items() if k != "unit"}
  visit.fill(**fields)
  printed = answers.advise(study, domain=domain, **question).text
  assert visit.text("#whatif-told") == printed


def fitted(study, domain):
  """The fits of a domain as `forgetting fit` makes them."""
  runs = records.load(study)
  runs = runs[runs["domain"] == domain]
  return fit_advisors(runs).best, laws.fit(runs, "target")


@pytest.mark.parametrize("domain", ["kjv", "wiki_fr"])
def test_panel_predicts_what_predict_does(visit, study, domain):
  advisor, target = fitted(study, domain)
  asked = dict(
    domain=domain, model_params=SIZE, target_tokens=25600, injection=0.03
  )
  more = dict(tolerance=0.1, unit="loss", epochs=10)
  chosen = visit.page.evaluate(
    "asked => { const a = whatif.ask(asked); for (const part of"
    " [a.chosen.pretrain, a.chosen.target]) delete part.draws;"
    " return a.chosen; }",
    asked | more,
  )
  base = advisor.base_loss(SIZE)
  rows = pd.DataFrame([asked | dict(base_pretrain_loss=base)])
  for fit, found in ((advisor, chosen["pretrain"]), (target, chosen["target"])):
    row = fit.predict(rows).iloc[0]
    run = chosen["run"] if fit is advisor else found["run"]
    shown = [found["value"], found["low"], found["high"], *run.values()]
    expected = row[["prediction", "law_low", "law_high", "low", "high"]]
    np.testing.assert_allclose(shown, expected.to_numpy(float), rtol=1e-6)


@pytest.mark.parametrize(("name", "free"), [*advisable(), ("target", ())])
def test_every_form_of_the_law_is_the_page_s_too(visit, study, name, free):
  runs = records.load(study)
  # as planned all runs of this study are as long: take what they trained on
  runs = runs.assign(planned_tokens=runs["tokens"])
  fit = laws.fit(runs[runs["domain"] == "kjv"], name, free=free)
  law = json.loads(json.dumps(whatif.with_draws(fit, 1)))
  at = dict(N=60_000.0, D=30_000.0, p=0.02)
  base = 0.0 if name == "target" else 2.5
  values = {k: np.full(1, v) for k, v in at.items()} | {"L0": np.full(1, 2.5)}
  if fit.schedule is not None:
    values["T"] = fit.schedule.trained(values["N"], values["D"], values["p"])
  lanes = np.concatenate([fit.x[None], fit.draws()])
  expected = fit.losses(lanes, values)[:, 0]
  # a page has the laws that it computes with; which advises, the study says
  visit.page.evaluate(
    "([name, form]) => { FORMS[name] = eval(form); }",
    [name, f"({javascript.form(fit.law)})"],
  )
  shown = visit.page.evaluate(
    "([law, at, base]) => { const l = unpack(law);"
    " return [l.point, ...l.lanes].map((q) => lossAt(l, q, at, base)); }",
    [law, at, base],
  )
  np.testing.assert_allclose(shown, expected, rtol=1e-6)
  if name == "target":
    return
  tolerance = float(np.median(expected)) - 2.5
  needed = injection_needed(fit, lanes, {"N": 6e4, "D": 3e4}, tolerance)
  shown = visit.page.evaluate(
    "([law, at, t]) => { const l = unpack(law); return [l.point, ...l.lanes]"
    ".map((q) => injectionNeeded(l, q, at, t)); }",
    [law, at, tolerance],
  )
  np.testing.assert_allclose([floats(v) for v in shown], needed, rtol=1e-4)


def test_numbers_are_written_as_python_does(visit):
  generator = np.random.default_rng(0)
  numbers = generator.normal(size=60) * 10.0 ** generator.integers(-9, 15, 60)
  numbers = [*numbers.tolist(), 0.0, 1e-4, 9999.5, 99999.0, 123456.0]
  for digits in (2, 3, 4):
    shown = visit.page.evaluate(
      "([all, d]) => all.map((v) => g(v, d, true))", [numbers, digits]
    )
    assert shown == [f"{v:,.{digits}g}" for v in numbers]


def test_beyond_the_data_is_marked(visit):
  visit.fill(model_params="394k", injection=80)
  told = visit.text("#whatif-warnings")
  assert "EXTRAPOLATION: model_params is 2 x outside the data" in told
  assert "EXTRAPOLATION: injection is 4 x outside the data" in told
  visit.fill(model_params=SIZE, injection=5)
  assert "EXTRAPOLATION" not in visit.text("#whatif-warnings")


@pytest.mark.parametrize(
  ("field", "value"),
  [
    ("model_params", "-3"),
    ("target_tokens", "many"),
    ("injection", "101"),
    ("tolerance", ""),
  ],
)
def test_a_bad_number_is_told_and_answers_nothing(visit, field, value):
  visit.fill(**{field: value})
  assert f"found “{value}”, expected" in visit.text("#whatif-error")
  assert not visit.page.locator("#whatif-answer").is_visible()
  good = {"model_params": SIZE, "target_tokens": 51200}.get(field, 1)
  visit.fill(**{field: good})
  assert visit.page.locator("#whatif-answer").is_visible()


def test_cost_is_that_of_the_tokens(visit):
  visit.fill(model_params="100k", target_tokens="50k", injection=20, epochs="8")
  rows = visit.page.locator("#whatif-at tbody tr").all_text_contents()
  # 8 x 50k / (1 - .2) = 500k tokens, a fifth injected; 6 N tokens FLOPs
  assert "Cost: training tokens500k" in rows
  assert "of them injected100k" in rows
  assert "Cost: FLOPs3e+11+25\u00a0%" in rows


def test_runs_of_the_chosen_cell_are_in_the_chart(visit):
  visit.fill(model_params=SIZE, target_tokens=51200)
  assert visit.page.locator("#whatif-chart .run").count() == 4
  visit.fill(target_tokens=50000)
  assert visit.page.locator("#whatif-chart .run").count() == 0


def test_panel_of_a_user_s_table(browser, study, tmp_path):
  file = tmp_path / "mine.csv"
  records.load(study).to_csv(file, index=False)
  visit = Visit(browser, report.write(file))
  visit.fill(domain="kjv", **QUESTIONS[1])
  printed = answers.advise(file, domain="kjv", **QUESTIONS[1]).text
  assert visit.text("#whatif-told") == printed
  # without a pretraining no tolerance can be a share of its progress
  options = visit.page.locator("[name=unit] option").all_text_contents()
  assert options == ["nats per token", "% of the loss"]
  assert not visit.complaints
  visit.page.close()


@pytest.mark.parametrize("name", sorted({name for name, _ in advisable()}))
def test_a_law_at_random_parameters_is_the_same_in_a_browser(browser, name):
  points = random_points(laws.LAWS[name])
  script = javascript.forms([laws.LAWS[name]]) + template_files.text("law.js")
  page = browser.new_page()
  shown = page.evaluate(
    "([script, asked]) => { const lossAt = new Function(script +"
    " '; return lossAt')(); return asked.lanes.map((q) =>"
    " lossAt(asked, q, asked.at, asked.base)); }",
    [script, points],
  )
  page.close()
  wanted = np.array(points["expected"], float)
  kept = np.isfinite(wanted)
  shown = np.array([floats(v) for v in shown])
  np.testing.assert_allclose(shown[kept], wanted[kept], rtol=1e-9)


@pytest.mark.parametrize("free", [("mu",), ("nu",), ("mu", "nu")])
def test_freed_powers_reach_the_panel(browser, free):
  fit = laws.fit(planted(), "forgetting", free=free)
  fit = replace(fit, x=fit.x + 0.1 * (np.arange(len(fit.x)) >= 3))
  at = dict(N=3e6, D=2e6, p=0.02)
  values = {k: np.full(1, v) for k, v in at.items()} | {"L0": np.full(1, 2.5)}
  script = javascript.forms([fit.law]) + template_files.text("law.js")
  page = browser.new_page()
  shown = page.evaluate(
    "([script, law, at]) => { const lossAt = new Function(script +"
    " '; return lossAt')(); return lossAt(law, law.point, at, 2.5); }",
    [script, whatif.center(fit), at],
  )
  page.close()
  expected = fit.losses(fit.x[None], values)[0, 0]
  np.testing.assert_allclose(shown, expected, rtol=1e-9)
