"""Speed of the fits, beside scipy's grid of L-BFGS-B starts.

  python benchmarks/laws.py TABLE.jsonl [--columns N=...,D=...,loss=...]

TABLE is one of losses (model size, tokens, loss). Without one, a synthetic
table of the same shape (22 runs of 10 checkpoints) is used. One BLAS thread,
wall and processor seconds, best and median of several repeats.
"""

import os

for name in ("OMP", "OPENBLAS", "MKL"):
  os.environ.setdefault(f"{name}_NUM_THREADS", "1")

import argparse  # noqa: E402
import itertools  # noqa: E402
import statistics  # noqa: E402
import subprocess  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402

from forgetting import laws  # noqa: E402
from forgetting.laws.table import load  # noqa: E402
from forgetting.laws.uncertainty import bootstrap, pairs_weights  # noqa: E402
from forgetting.laws.verbs import parse_columns  # noqa: E402

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


def scipy_grid(n, d, y, count):
  """Objectives of the replication notebooks' starts, at default tolerance."""
  from scipy.optimize import minimize

  axes = ([0, 5, 10, 15, 20, 25], [0, 5, 10, 15, 20, 25])
  axes += ([-1, -0.5, 0, 0.5, 1], [0, 0.5, 1, 1.5, 2], [0, 0.5, 1, 1.5, 2])
  starts = np.array(list(itertools.product(*axes)))
  chosen = starts[np.linspace(0, len(starts) - 1, count).astype(int)]

  def objective(q):
    a, b, e, alpha, beta = q
    parts = np.stack([a - alpha * n, b - beta * d, np.full_like(n, e)])
    r = np.abs(np.logaddexp.reduce(parts, axis=0) - y)
    return np.where(r <= 1e-3, r**2 / 2, 1e-3 * (r - 5e-4)).sum()

  found = [minimize(objective, s, method="L-BFGS-B").fun for s in chosen]
  return np.array(found), len(starts)


def tight_sum(fitted, weight):
  """Sum of objectives of tight scipy refits from the full optimum."""
  from scipy.optimize import minimize

  from forgetting.laws.problem import evaluate

  problem, total = fitted.problem, 0.0
  bounds = list(zip(*problem.bounds(), strict=True))
  for row in weight:

    def objective(x, row=row):
      terms = evaluate(problem, x[None], weight=row[None])
      return terms.objective[0] * 1e4, terms.gradient[0] * 1e4

    options = {"ftol": 1e-16, "gtol": 1e-13, "maxiter": 9000, "maxcor": 30}
    found = minimize(
      objective,
      fitted.x,
      jac=True,
      method="L-BFGS-B",
      bounds=bounds,
      options=options,
    )
    total += found.fun / 1e4
  return total


def main():
  parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
  parser.add_argument("table", nargs="?")
  parser.add_argument("--columns", default="N=model_params,D=tokens,loss=loss")
  parser.add_argument("--cluster", default="")
  parser.add_argument("--scipy-starts", type=int, default=100)
  asked = parser.parse_args()
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
    draws, wall, cpu = timed(lambda c=count: bootstrap(fitted, draws=c), 3)
    say(
      f"{count} bootstrap refits",
      wall,
      cpu,
      f"converged {100 * draws.converged.mean():.2f} %",
    )
  few = 100
  weight = pairs_weights(fitted.data.clusters, 4000, np.random.default_rng(0))[
    :few
  ]
  ours = draws.objective[:few].sum()
  total, wall, cpu = timed(lambda: tight_sum(fitted, weight), 1)
  say(
    f"{few} refits by tight scipy",
    wall,
    cpu,
    f"sum of objectives, ours / scipy - 1 = {ours / total - 1:.1e}",
  )
  count = asked.scipy_starts
  (reached, grid), wall, cpu = timed(lambda: scipy_grid(n, d, y, count), 1)
  near = np.mean(reached <= fitted.objective * (1 + 1e-3))
  say(
    f"scipy L-BFGS-B, {count} of {grid} starts",
    wall,
    cpu,
    f"x{grid / count:.0f} for all; {100 * near:.1f} % within 1e-3; best "
    f"{100 * (reached.min() / fitted.objective - 1):.3f} % above ours",
  )


if __name__ == "__main__":
  main()
