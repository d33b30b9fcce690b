"""Speed and memory of the forgetting matrix, beside scikit-surprise.

  python benchmarks/associations.py [--surprise PYTHON] [--tasks 20]

First a synthetic matrix of the largest published size, 85 tasks x 141,871
examples: structure, tuning, and the prediction of 20 tasks for one seed. Then
the authors' matrix factorisation, ours beside scikit-surprise's `SVD` with the
same settings on the same cells (46 tasks x 1,000 examples and 30 known cells of
each new task): seconds a new task, and the errors of both. PYTHON is an
interpreter that has scikit-surprise, this one by default.

--forecasters does the language models that forecast from text alone instead: on
26 tasks x 1,024 examples, with the states of a model as configs/associations.py
has it.
Seconds of one core beside those of the clock tell whether it was alone.
"""

import os

for name in ("OMP", "OPENBLAS", "MKL"):
  os.environ.setdefault(f"{name}_NUM_THREADS", "1")

import argparse  # noqa: E402
import json  # noqa: E402
import pathlib  # noqa: E402
import subprocess  # noqa: E402
import sys  # noqa: E402
import tempfile  # noqa: E402
import time  # noqa: E402

import numpy as np  # noqa: E402

from forgetting.associations import (  # noqa: E402
  choice,
  metrics,
  protocol,
  structure,
)
from forgetting.associations.completion import predict_measured  # noqa: E402
from forgetting.associations.factorisation import (  # noqa: E402
  AuthorsFactorisation,
)
from forgetting.associations.forecasters import (  # noqa: E402
  FORMS,
  forecast,
)
from forgetting.associations.informed import PriorMean  # noqa: E402
from forgetting.associations.matrix import build  # noqa: E402
from forgetting.associations.states import CHUNKS, States  # noqa: E402
from forgetting.cost.memory import peak_memory  # noqa: E402

SURPRISE = """
import json, sys, time
import numpy as np
from surprise import Dataset, Reader, SVD
held = np.load(sys.argv[1])
train, values, known = held["train"], held["values"], held["known"]
rows, seconds = [], []
for own in values:
  start = time.perf_counter()
  cells = [(*at, z, None) for at, z in np.ndenumerate(train)]
  cells += [(len(train), j, z, None) for j, z in zip(known, own)]
  data = Dataset(Reader(rating_scale=(-10, 10))).construct_trainset(cells)
  model = SVD(n_factors=5, n_epochs=1000, lr_all=.005, reg_all=0,
              init_std_dev=.001, random_state=0).fit(data)
  rows.append([model.predict(len(train), j, clip=False).est
               for j in range(train.shape[1])])
  seconds.append(time.perf_counter() - start)
print(json.dumps({"rows": rows, "seconds": seconds}))
"""


def synthetic(rows: int, columns: int, *, heavy: float = 0.02) -> np.ndarray:
  """Five components, an offset, and tails as heavy as measured ones."""
  generator = np.random.default_rng(0)
  left = np.abs(generator.normal(size=(rows, 5)))
  values = left @ generator.normal(size=(5, columns)) * 0.02 + 0.03
  return values + heavy * generator.standard_t(3, values.shape)


def timed(what: str, function):
  start, busy = time.perf_counter(), time.process_time()
  result = function()
  seconds, cpu = time.perf_counter() - start, time.process_time() - busy
  peak = peak_memory() / 2**30
  print(
    f"{what:<52} {seconds:8.2f} s   CPU {cpu:8.2f} s   peak {peak:.2f} GiB",
    flush=True,
  )
  return result


def large() -> None:
  matrix = build(synthetic(85, 141_871))
  train, truth = matrix.values[:65], matrix.values[65:]
  known = np.random.default_rng(0).choice(matrix.shape[1], 30, replace=False)
  print("85 tasks x 141,871 examples, 20 of them new, 30 known examples")
  timed("structure", lambda: structure.analyse(matrix))
  for method in protocol.METHODS:
    tuned = timed(
      f"{method.name}: hyper-parameters",
      lambda m=method: m.tuned(train, known=30),
    )
    row = timed(
      f"{method.name}: prediction of one seed",
      lambda m=tuned: predict_measured(m.fit(train), known, truth[:, known]),
    )
  timed("all metrics of one seed", lambda: metrics.scores(truth, row, known))
  timed(
    "choice of the examples",
    lambda: choice.choosers(train, count=30, method=tuned),
  )
  timed(
    "predictive variance of every cell",
    lambda: tuned.fit(train).variance(known, truth[:, known]),
  )


def lm_forecasters() -> None:
  # JAX, for the encoder alone
  from forgetting.config import Model
  from forgetting.training import models
  from forgetting.training.states import pooled

  rows, columns = 26, 1024
  model = Model(layers=2, width=128, heads=4)
  generator = np.random.default_rng(0)
  count = columns + rows * CHUNKS
  tokens = generator.integers(3, 259, (count, model.context), np.int32)
  params = models.init(model, seed=0)
  print(f"{rows} tasks x {columns} examples, a frozen encoder of 394k")
  found = timed(
    f"states of {count} sequences, compiling included",
    lambda: pooled(params, tokens, np.ones(tokens.shape), model=model),
  )
  tasks = found[columns:].reshape(rows, CHUNKS, *found.shape[1:])
  states = States("encoder", found[:columns], tasks)
  # what is told by the text: heads that find nothing would stop early
  of_examples, of_tasks = states.of("mean")
  onto = generator.normal(size=(of_examples.shape[1], 2))
  told = (of_tasks.mean(1) @ onto) @ (of_examples @ onto).T
  matrix = build(synthetic(rows, columns) - 0.05 * told / told.std())
  split = protocol.split(matrix, test=range(20, rows))
  train, truth = matrix.values[split.train], matrix.values[split.test]
  known = generator.choice(columns, 30, replace=False)
  words = np.arange(len(train))
  for form in FORMS:
    told = timed(
      f"{form.name}: chosen, trained, new tasks forecast",
      lambda f=form: forecast(
        f, states, train, train=split.train, new=split.test, words=words
      ),
    )
    method = timed(
      f"{form.name}: as the prior mean of a kriging, chosen",
      lambda t=told: PriorMean(t).tuned(train, known=30),
    )
    timed(
      f"{form.name}: prediction of one seed",
      lambda m=method: m.fit(train).predict(known, truth[:, known]),
    )


def peers(python: str, tasks: int) -> None:
  z = synthetic(46 + tasks, 1000)
  train, truth = z[:46], z[46:]
  draws = [
    np.random.default_rng(seed).choice(1000, 30, replace=False)
    for seed in range(10)
  ]
  known = draws[0]
  fitted = AuthorsFactorisation().fit(train)
  print(f"the authors' factorisation, {tasks} new tasks, {len(draws)} draws")
  start = time.perf_counter()
  ours, *_ = fitted.predict_each([(k, truth[:, k]) for k in draws])
  spent = (time.perf_counter() - start) / (tasks * len(draws))
  print(f"  ours, side by side: {spent:.2f} s a task, {error(ours, truth)}")
  with tempfile.TemporaryDirectory() as folder:
    file = pathlib.Path(folder) / "cells.npz"
    np.savez(file, train=train, values=truth[:, known], known=known)
    done = subprocess.run(
      [python, "-c", SURPRISE, str(file)], capture_output=True, text=True
    )
  if done.returncode:
    print(f"  scikit-surprise: {done.stderr.strip().splitlines()[-1]}")
    return
  theirs = json.loads(done.stdout)
  rows, spent = np.array(theirs["rows"]), np.mean(theirs["seconds"])
  print(f"  scikit-surprise: {spent:.2f} s a task, {error(rows, truth)}")
  apart = np.sqrt(np.mean((rows - ours) ** 2))
  print(f"  the two differ by {100 * apart:.3f} (x 100), other first factors")
  method = protocol.KrigingT().tuned(train, known=30)
  start = time.perf_counter()
  rows = method.fit(train).predict(known, truth[:, known])
  spent = (time.perf_counter() - start) / tasks
  print(f"  our default: {spent:.5f} s a task, {error(rows, truth)}")


def error(rows, truth) -> str:
  return f"RMSE x 100 {metrics.rmse_x100(truth, rows):.3f}"


def main():
  parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
  parser.add_argument("--surprise", default=sys.executable)
  parser.add_argument("--tasks", type=int, default=20)
  parser.add_argument("--forecasters", action="store_true")
  asked = parser.parse_args()
  if asked.forecasters:
    lm_forecasters()
    return
  large()
  peers(asked.surprise, asked.tasks)


if __name__ == "__main__":
  main()
