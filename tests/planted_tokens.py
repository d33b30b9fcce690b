"""Tables that obey a planted law of tokens, and its curves."""

import itertools

import numpy as np
import pandas as pd

STEP = 2048  # tokens a step
GRID = ((2e4, 6e4, 2e5), (2048, 4096, 10240), (0, 0.02, 0.2))
LAW = dict(A=0.02, beta=0.25, B=3e-4, c=0.4)
BOTTOM = dict(C=120.0, delta=1.0, nu=0.25)
EPOCHS = 40


def forgetting(trained, injection):
  """Nats per token after so many tokens."""
  injected = 1 + LAW["B"] * injection * trained
  return LAW["A"] * trained ** LAW["beta"] / injected ** LAW["c"]


def at_bottom(n, d, p):
  """Tokens trained on when the target loss turns."""
  q = BOTTOM
  return q["C"] * d ** q["delta"] * n ** -q["nu"] / (1 - p)


def planted(grid=GRID, *, noise=0.002, seed=0, domain="kjv"):
  """Runs of which each is read off where its target loss turns."""
  generator = np.random.default_rng(seed)
  rows = []
  for i, (n, d, p) in enumerate(itertools.product(*grid)):
    base = 2.2 * (n / 2e4) ** -0.06
    trained = at_bottom(n, d, p)
    planned = EPOCHS * d / (1 - p)
    loss = base + forgetting(trained, p)
    rows.append(
      dict(
        run=f"run{i}", domain=domain, model_params=n, target_tokens=d,
        injection=p, base_pretrain_loss=base,
        pretrain_loss=loss * np.exp(noise * generator.normal()),
        target_loss=1.5 + 3 * (n / 2e4) ** -0.1 * (d / 2048) ** -0.1,
        best_step=round(trained / STEP), bottom_step=trained / STEP,
        steps=round(planned / STEP), tokens=round(planned / STEP) * STEP,
        planned_tokens=planned, status="done", seed=0,
      )
    )  # fmt: skip
  return pd.DataFrame(rows)


def curves(grid=GRID, *, noise=0.0):
  """Every evaluation of such runs, step 0 and a warm-up included."""
  generator = np.random.default_rng(1)
  parts = []
  for run in planted(grid, noise=0).itertuples():
    step = np.unique(np.round(run.steps / 1.3 ** np.arange(14)).astype(int))
    step = np.array([0, *step[step > 0]])
    lr = np.where(step < 5, step / 5, 1 - 0.9 * step / run.steps)
    loss = (
      run.base_pretrain_loss + 0.03 + forgetting(STEP * step, run.injection)
    )
    away = np.log(np.maximum(step, 1) / run.bottom_step) ** 2
    parts.append(
      pd.DataFrame(
        dict(
          run=run.run, domain=run.domain, model_params=run.model_params,
          target_tokens=run.target_tokens, injection=run.injection, step=step,
          tokens=step * STEP, lr=lr, target_loss=1.5 + 0.05 * away,
          pretrain_loss=loss * np.exp(noise * generator.normal(size=len(step))),
        )
      )
    )  # fmt: skip
  return pd.concat(parts, ignore_index=True)
