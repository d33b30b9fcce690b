"""Other fitters of the Chinchilla form, for `benchmarks/laws.py`.

scipy is always there; `chinchilla` and `simple-scaling-laws` (Python 3.12 or
newer) are used where they are installed. None of them minimises exactly our
objective, so each says what it reached under it.
"""

import itertools
import tempfile

import numpy as np

AXES = ([0, 5, 10, 15, 20, 25], [0, 5, 10, 15, 20, 25])
AXES += ([-1, -0.5, 0, 0.5, 1], [0, 0.5, 1, 1.5, 2], [0, 0.5, 1, 1.5, 2])


def grid_starts(count):
  """`count` of the 4,500 starts of the replication notebooks."""
  starts = np.array(list(itertools.product(*AXES)))
  return starts[np.linspace(0, len(starts) - 1, count).astype(int)]


def log_loss(q, n, d):
  """ln L at (ln A, ln B, ln E, alpha, beta); n, d: logs of the sizes."""
  a, b, e, alpha, beta = q
  parts = np.stack([a - alpha * n, b - beta * d, np.full_like(n, e)])
  return np.logaddexp.reduce(parts, axis=0)


def objective(q, n, d, y, delta=1e-3):
  """Sum of Huber's loss of log residuals: what we minimise."""
  r = np.abs(log_loss(q, n, d) - y)
  return np.where(r <= delta, r**2 / 2, delta * (r - delta / 2)).sum()


def scipy_lbfgs(n, d, y, count):
  """L-BFGS-B at its default tolerance, as in the notebooks."""
  from scipy.optimize import minimize

  found = [
    minimize(objective, s, (n, d, y), method="L-BFGS-B").fun
    for s in grid_starts(count)
  ]
  return np.array(found)


def scipy_least_squares(n, d, y, count):
  """Trust region with Huber's loss and columns scaled by the Jacobian."""
  from scipy.optimize import least_squares

  found = []
  for start in grid_starts(count):
    fit = least_squares(
      lambda q: log_loss(q, n, d) - y,
      start,
      loss="huber",
      f_scale=1e-3,
      x_scale="jac",
      max_nfev=2000,
    )
    found.append(objective(fit.x, n, d, y))
  return np.array(found)


def scipy_curve_fit(n, d, y, count):
  """Levenberg-Marquardt on squares: another optimum, shown for its time."""
  from scipy.optimize import curve_fit

  found = []
  for start in grid_starts(count):
    try:
      best, _ = curve_fit(
        lambda x, *q: log_loss(q, *x), np.stack([n, d]), y, p0=start
      )
      found.append(objective(best, n, d, y))
    except RuntimeError:
      found.append(np.inf)
  return np.array(found)


def chinchilla(n, d, y, count):
  """kyo-takano's: BFGS in long doubles from a grid, here with our loss."""
  from chinchilla import Chinchilla
  import pandas as pd

  def huber(true, predicted, weights=None):
    r = np.abs(np.log(predicted) - np.log(true))
    return np.where(r <= 1e-3, r**2 / 2, 1e-3 * (r - 5e-4)).sum()

  names = ("a", "b", "e", "alpha", "beta")
  starts = grid_starts(count)
  found = []
  with tempfile.TemporaryDirectory() as folder:
    for start in starts:
      grid = dict(zip(names, ([float(v)] for v in start), strict=True))
      peer = Chinchilla(folder, param_grid=grid, loss_fn=huber, log_level=50)
      rows = {"C": 6 * np.exp(n + d), "N": np.exp(n), "D": np.exp(d)}
      peer.database.df = pd.DataFrame({**rows, "loss": np.exp(y)})
      peer.fit(parallel=False)
      best = [np.log(float(getattr(peer, k))) for k in ("A", "B", "E")]
      best += [float(peer.alpha), float(peer.beta)]
      found.append(objective(best, n, d, y))
  return np.array(found)


def simple_scaling_laws(n, d, y, draws):
  """Least squares of the loss itself, with its bootstrap of `draws`."""
  import polars as pl
  from simple_scaling_laws import fit

  runs = pl.DataFrame(
    {
      "training_run_id": [str(i) for i in range(len(n))],
      "test_set_id": ["all"] * len(n),
      "model_size__n": np.exp(n),
      "dataset_size__d": np.exp(d),
      "test_loss__nats": np.exp(y),
    }
  )
  model = fit(runs, law="separable-power", n_draws=draws, seed=0)
  return model.params("test_loss__nats")
