"""Tables of a study's size for `laws.py`: runs, and the curves of runs."""

import itertools

import numpy as np
import pandas as pd

STEP = 2048  # tokens
NOISE = 0.01


def runs(seed: int = 0) -> pd.DataFrame:
  """72 fine-tunings: two domains, three sizes and amounts, four injections."""
  generator = np.random.default_rng(seed)
  rows = []
  grid = itertools.product(
    ("kjv", "wiki_fr"), (2e4, 6e4, 2e5), (2e3, 4e3, 1e4), (0, 0.02, 0.06, 0.2)
  )
  for i, (domain, n, d, p) in enumerate(grid):
    base = 2.2 * (n / 2e4) ** -0.06
    trained = 120 * d * n**-0.25 / (1 - p)
    planned = 40 * d / (1 - p)
    loss = base + _forgetting(trained, p)
    target = 1.5 + 3 * (n / 2e4) ** -0.1 * (d / 2e3) ** -0.1
    noise = np.exp(NOISE * generator.normal(size=2))
    rows.append(
      dict(
        run=f"run{i}", domain=domain, model_params=n, target_tokens=d,
        injection=p, base_pretrain_loss=base, pretrain_loss=loss * noise[0],
        target_loss=target * noise[1], best_step=round(trained / STEP),
        bottom_step=trained / STEP, steps=round(planned / STEP),
        tokens=planned, planned_tokens=planned, status="done", seed=0,
      )
    )  # fmt: skip
  return pd.DataFrame(rows)


def curves(count: int = 40, seed: int = 0) -> pd.DataFrame:
  """So many evaluations of each of 25 fine-tunings of one domain."""
  generator = np.random.default_rng(seed)
  few = runs(seed)
  few = few[few["domain"] == "kjv"].iloc[:25]
  parts = []
  for run in few.itertuples():
    step = np.arange(count + 1) * 20  # 0 is the base
    lr = np.where(step < 5, step / 5, 1 - 0.9 * step / step[-1])
    loss = run.base_pretrain_loss + _forgetting(STEP * step, run.injection)
    noise = np.exp(NOISE * generator.normal(size=len(step)))
    parts.append(
      pd.DataFrame(
        dict(
          run=run.run, domain=run.domain, model_params=run.model_params,
          target_tokens=run.target_tokens, injection=run.injection, step=step,
          tokens=step * STEP, lr=lr, target_loss=1.5 + 0.0 * step,
          pretrain_loss=np.where(step > 0, loss * noise, loss),
        )
      )
    )  # fmt: skip
  return pd.concat(parts, ignore_index=True)


def _forgetting(trained, injection):
  """Nats per token after so many tokens."""
  return 0.02 * trained**0.25 / (1 + 3e-4 * injection * trained) ** 0.4
