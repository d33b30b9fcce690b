"""Speed of the fits, beside scipy's and other fitters.

  python benchmarks/laws.py TABLE.jsonl [--columns N=...,D=...,loss=...]

TABLE is one of losses (model size, tokens, loss). Without one, a synthetic
table of the same shape (22 runs of 10 checkpoints) is used. One BLAS thread,
wall and processor seconds, best and median of several repeats. First, and with
--studies alone, a study of 72 runs and 1,000 evaluations along curves.
"""

import os

for name in ("OMP", "OPENBLAS", "MKL"):
  os.environ.setdefault(f"{name}_NUM_THREADS", "1")

import argparse  # noqa: E402
from functools import partial  # noqa: E402
import statistics  # noqa: E402
import subprocess  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402

import laws_peers as peers  # noqa: E402
import laws_study  # noqa: E402
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402

from forgetting import laws  # noqa: E402
from forgetting.cost.memory import keep_freed_memory  # noqa: E402
from forgetting.laws.answers import FITTED  # noqa: E402
from forgetting.laws.arguments import parse_columns  # noqa: E402
from forgetting.laws.table import load  # noqa: E402
from forgetting.laws.uncertainty import bootstrap, pairs_weights  # noqa: E402

FIRST_CALL = """
import sys, time
import numpy, pandas
from forgetting import laws
from forgetting.laws.table import load
table = load(sys.argv[1])
columns = dict(p.split("=") for p in sys.argv[2].split(","))
start = time.perf_counter()
laws.fit(table, "chinchilla", columns=columns)
print(time.perf_counter() - start)
assert "jax" not in sys.modules
"""


def synthetic() -> pd.DataFrame:
  generator = np.random.default_rng(0)
  rows = []
  for run, n in enumerate(np.geomspace(5e7, 2e9, 22)):
    for d in np.linspace(1e10, 1e11, 10):
      loss = 2.0 + 400 / n**0.34 + 1e5 / d**0.5
      rows.append((f"r{run}", n, d, loss * np.exp(0.01 * generator.normal())))
  return pd.DataFrame(rows, columns=["run", "model_params", "tokens", "loss"])


def timed(function, repeats):
  wall, cpu, result = [], [], None
  for _ in range(repeats):
    start, spent = time.perf_counter(), time.process_time()
    result = function()
    wall.append(time.perf_counter() - start)
    cpu.append(time.process_time() - spent)
  return result, wall, cpu


def say(what, wall, cpu, note=""):
  print(
    f"{what:<44} wall {min(wall):8.3f} best {statistics.median(wall):8.3f} "
    f"median, cpu {min(cpu):8.3f} s  {note}",
    flush=True,
  )


def tight_refits(fitted, weight, start):
  """Objectives of tight scipy refits of resamples, each from its start."""
  from scipy.optimize import minimize

  from forgetting.laws.objective import evaluate

  problem, found = fitted.problem, []
  bounds = list(zip(*problem.bounds(), strict=True))
  options = {"ftol": 1e-16, "gtol": 1e-13, "maxiter": 9000, "maxcor": 30}
  for row, x in zip(weight, start, strict=True):

    def objective(x, row=row):
      terms = evaluate(problem, x[None], weight=row[None])
      return terms.objective[0] * 1e4, terms.gradient[0] * 1e4

    best = minimize(
      objective,
      x,
      jac=True,
      method="L-BFGS-B",
      bounds=bounds,
      options=options,
    )
    found.append(best.fun / 1e4)
  return np.array(found)


def check_refits(fitted, draws, few):
  """Our refits against tight scipy, from our ends and from other places.

  From our own ends it may find nothing lower; from the full fit and the ends
  of other lanes it may stop in a worse local minimum, never in a better one.
  """
  generator = np.random.default_rng(0)
  weight = pairs_weights(fitted.data.clusters, len(draws.x), generator)[:few]
  ours, x = draws.objective[:few], draws.x
  polished, wall, cpu = timed(lambda: tight_refits(fitted, weight, x[:few]), 1)
  change = polished.sum() / ours.sum() - 1
  note = f"from our ends: sum of objectives / ours - 1 = {change:.1e}"
  say(f"{few} refits by tight scipy", wall, cpu, note)
  same = np.repeat(fitted.x[None], few, axis=0)
  tried = [same, x[few : 2 * few], x[2 * few : 3 * few]]
  found, wall, cpu = timed(
    lambda: np.min([tight_refits(fitted, weight, s) for s in tried], axis=0), 1
  )
  change, lower = found.sum() / ours.sum() - 1, np.max(1 - found / ours)
  say(
    f"{few} refits by tight scipy, best of 3 starts",
    wall,
    cpu,
    f"sum / ours - 1 = {change:.1e}; at most {max(lower, 0):.1e} lower in one",
  )


def compare_peers(fitted, n, d, y, count):
  """Other fitters on the same rows; seconds a start, and what they reach."""
  best = fitted.objective
  for what, peer, starts in (
    ("scipy L-BFGS-B, the notebooks' starts", peers.scipy_lbfgs, count),
    ("scipy least_squares, huber", peers.scipy_least_squares, count),
    ("scipy curve_fit, squares", peers.scipy_curve_fit, count),
    ("chinchilla (BFGS, long double)", peers.chinchilla, max(count // 20, 1)),
  ):
    try:
      reached, wall, cpu = timed(partial(peer, n, d, y, starts), 1)
    except ImportError:
      print(f"{what}: not installed")
      continue
    near = np.mean(reached <= best * (1 + 1e-3))
    say(
      f"{what}, {starts} starts",
      wall,
      cpu,
      f"{4500 * min(wall) / starts:.0f} s for 4500; {100 * near:.0f} % within "
      f"1e-3; best {100 * (reached.min() / best - 1):.2g} % above ours",
    )
  for draws in (50, 1000):
    try:
      _, wall, cpu = timed(
        lambda k=draws: peers.simple_scaling_laws(n, d, y, k), 3
      )
      say(f"simple-scaling-laws (squares), {draws} draws", wall, cpu)
    except ImportError:
      print("simple-scaling-laws: not installed")
      break


def fit_study():
  """All laws that `forgetting fit` fits to a study, with their intervals."""
  table = laws_study.runs()
  for law in FITTED:
    for fitted in laws.fit(table, law, by="domain").values():
      fitted.interval()


def fit_curves():
  """The law of curves, with 1,000 refits; how many rows it has."""
  fitted = laws.fit(laws_study.curves(), "curves")
  fitted.draws(1000)
  return fitted.n


def studies():
  _, wall, cpu = timed(fit_study, 3)
  say("all default laws of 72 runs, intervals", wall, cpu, ", ".join(FITTED))
  rows, wall, cpu = timed(fit_curves, 2)
  say("the law of curves, 1,000 refits", wall, cpu, f"{rows} evaluations")


def main():
  parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
  parser.add_argument("table", nargs="?")
  parser.add_argument("--columns", default="N=model_params,D=tokens,loss=loss")
  parser.add_argument("--cluster", default="")
  parser.add_argument("--starts", type=int, default=100)
  parser.add_argument("--studies", action="store_true", help="and no more")
  asked = parser.parse_args()
  keep_freed_memory()  # as the command does
  studies()
  if asked.studies:
    return
  table = load(asked.table) if asked.table else synthetic()
  columns = parse_columns(asked.columns)
  cluster = (asked.cluster,) if asked.cluster else ("_row",)
  table = table.assign(_row=np.arange(len(table)))
  n, d, y = (
    np.log(table[columns[k]].to_numpy(float)) for k in ("N", "D", "loss")
  )

  def fit():
    return laws.fit(table, "chinchilla", columns=columns, cluster=cluster)

  print(f"{len(table)} rows, resampled by {cluster[0]}")
  fitted, wall, cpu = timed(fit, 15)
  say("certified fit, warm", wall, cpu, str(fitted.certificate)[:60])
  if asked.table:
    first = [
      float(
        subprocess.run(
          [sys.executable, "-c", FIRST_CALL, asked.table, asked.columns],
          capture_output=True,
          text=True,
          check=True,
        ).stdout
      )
      for _ in range(5)
    ]
    say("certified fit, first call of a process", first, first)
  for count in (1000, 4000):
    draws, wall, cpu = timed(lambda c=count: bootstrap(fitted, draws=c), 7)
    say(
      f"{count} bootstrap refits",
      wall,
      cpu,
      f"{int((~draws.converged).sum())} not converged",
    )
  check_refits(fitted, draws, 100)
  compare_peers(fitted, n, d, y, asked.starts)


if __name__ == "__main__":
  main()
