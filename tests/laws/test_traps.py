"""Errors that public fits of scaling laws were measured to make."""

from dataclasses import replace

import numpy as np
import pytest
from reference_tables import ROOT, default_lbfgs, gemstones, table_of

from forgetting import laws
from forgetting.laws.problem import Loss
from forgetting.laws.uncertainty import bootstrap, pairs_weights

pytestmark = pytest.mark.skipif(
  not ROOT, reason="FORGETTING_REFERENCE_DATA names no reference tables"
)
TABLES = ("slim_chinchilla", "hot", "rpj")


def by_row(dataset, **choices):
  table, columns = table_of(dataset)
  table = table.assign(row=np.arange(len(table)))
  return laws.fit(
    table, "chinchilla", columns=columns, cluster=("row",), **choices
  )


@pytest.mark.parametrize(
  ("dataset", "least"),
  [("slim_chinchilla", 1.005), ("hot", 1.005), ("rpj", 1.05)],
)
def test_a_mean_in_place_of_the_sum_stops_default_scipy_early(dataset, least):
  table, columns = table_of(dataset)
  ours = by_row(dataset)
  generator = np.random.default_rng(1)
  starts = generator.uniform([0, 0, -1, 0, 0], [25, 25, 1, 2, 2], size=(20, 5))
  reached, success = default_lbfgs(
    table, columns, starts, factor=1 / len(table)
  )
  assert np.mean(success) > 0.9
  assert reached.min() > ours.objective * least
  mean = by_row_mean(dataset)
  assert mean.params["alpha"] == pytest.approx(ours.params["alpha"], rel=1e-7)


def by_row_mean(dataset):
  table, columns = table_of(dataset)
  table = table.assign(w=1 / len(table))
  return laws.fit(table, "chinchilla", columns=columns, weights="w")


def test_warm_started_default_scipy_makes_intervals_fictitious():
  from scipy.optimize import minimize

  fitted = by_row("slim_chinchilla")
  q, n = fitted.params, fitted.n
  size, tokens = (np.log(fitted.data.values[k]) for k in "ND")
  y = np.log(fitted.data.loss)
  start = [np.log(q["A"]), np.log(q["B"]), np.log(q["E"])]
  start += [q["alpha"], q["beta"]]
  weight = pairs_weights(np.arange(n), 120, np.random.default_rng(0))

  def objective(x, w):
    a, b, e, alpha, beta = x
    parts = np.stack([a - alpha * size, b - beta * tokens, np.full(n, e)])
    r = np.abs(np.logaddexp.reduce(parts, axis=0) - y)
    return w @ np.where(r <= 1e-3, r**2 / 2, 1e-3 * (r - 5e-4)) / n

  found = [minimize(objective, start, w, method="L-BFGS-B") for w in weight]
  theirs = np.quantile([r.x[3] for r in found], [0.025, 0.975])
  draws = bootstrap(fitted, draws=120)
  ours = np.quantile(fitted.natural(draws.x)["alpha"], [0.025, 0.975])
  assert np.ptp(theirs) < np.ptp(ours) / 10
  assert draws.objective.sum() < 0.999 * n * sum(r.fun for r in found)


@pytest.mark.parametrize("dataset", TABLES)
def test_centred_logs_condition_the_problem_and_all_starts_agree(dataset):
  fitted = by_row(dataset)
  q = fitted.params
  size, tokens = (np.log(fitted.data.values[k]) for k in "ND")

  def condition(log_n, log_d):
    n, d = np.exp(-q["alpha"] * log_n), np.exp(-q["beta"] * log_d)
    a = q["A"] * np.exp(-q["alpha"] * (size - log_n)[0])
    b = q["B"] * np.exp(-q["beta"] * (tokens - log_d)[0])
    j = np.stack(
      [a * n, b * d, np.ones_like(n), -a * n * log_n, -b * d * log_d]
    )
    return np.linalg.cond(j @ j.T)

  centred = condition(size - size.mean(), tokens - tokens.mean())
  assert centred < condition(size, tokens) / 100
  assert fitted.certificate.agree == 1
  assert fitted.certificate.holds


def test_delta_changes_the_optimum_and_l1_is_its_limit():
  table, columns = gemstones("hot")

  def fit(**choices):
    return laws.fit(table, "chinchilla", columns=columns, **choices)

  huber, l1 = fit(), fit(loss="l1")
  near = fit(delta=1e-6)
  assert l1.params["alpha"] == pytest.approx(near.params["alpha"], rel=1e-3)
  assert abs(l1.params["E"] / huber.params["E"] - 1) > 1e-4
  as_l1 = replace(huber.problem, loss=Loss(1e-8))
  from forgetting.laws.objective import evaluate

  assert (
    evaluate(as_l1, l1.x[None]).objective[0]
    < (evaluate(as_l1, huber.x[None]).objective[0])
  )


def test_rows_of_a_run_are_resampled_together_by_default():
  table, columns = gemstones("hot")
  by_run = laws.fit(table, "chinchilla", columns=columns)
  assert len(np.unique(by_run.data.clusters)) == 22
  low, high = by_run.interval()["alpha"]
  row_low, row_high = by_row("hot").interval()["alpha"]
  assert high - low > 1.2 * (row_high - row_low)


@pytest.mark.parametrize("dataset", TABLES)
def test_an_amplitude_alone_has_no_meaning(dataset):
  fitted = by_row(dataset)
  draws = fitted.natural(fitted.draws(400))
  for amplitude, power in (("A", "alpha"), ("B", "beta")):
    log = np.log(draws[amplitude])
    assert np.corrcoef(log, draws[power])[0, 1] > 0.98


@pytest.mark.parametrize("cluster", ["run_name", "row"])
def test_thousands_of_refits_all_converge(cluster):
  table, columns = gemstones("hot")
  fitted = laws.fit(
    table.assign(row=np.arange(len(table))),
    "chinchilla",
    columns=columns,
    cluster=(cluster,),
  )
  for seed in (0, 1):
    assert bootstrap(fitted, draws=4000, seed=seed).converged.all()
