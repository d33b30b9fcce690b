"""Tables that obey a planted law."""

import functools
import itertools

import numpy as np
import pandas as pd

from forgetting import laws
from forgetting.laws import fitted as fitted_lib

# a pretraining that a power law describes
CURVE = laws.Curve(np.arange(1, 2001), 3.6 * np.arange(1, 2001.0) ** -0.08)
GRID_3 = ((1e6, 4e6, 16e6), (1e5, 1e6, 1e7), (0, 0.01, 0.05))


def planted(
  grid=GRID_3,
  *,
  forgetting=1.0,
  noise=0.002,
  seed=0,
  alpha=0.65,
  beta=0.45,
  strength=2000.0,
  domain="kjv",
):
  """Runs that obey the paper's laws, with noise on the log of the loss."""
  sizes, tokens, injections = grid
  generator = np.random.default_rng(seed)
  amplitude = forgetting * min(sizes) ** alpha / max(tokens) ** beta
  rows = []
  for n, d, p in itertools.product(sizes, tokens, injections):
    base = 3.6 * (n / min(sizes)) ** -0.06
    loss = base + amplitude * d**beta / ((1 + strength * p) * n) ** alpha
    target = 0.5 + 3 * (n / min(sizes)) ** -0.1 * (d / min(tokens)) ** -0.08
    rows.append(
      {
        "domain": domain,
        "model_params": n,
        "target_tokens": d,
        "injection": p,
        "base_pretrain_loss": base,
        "pretrain_loss": loss * np.exp(noise * generator.normal()),
        "target_loss": target * np.exp(noise * generator.normal()),
        "status": "done",
      }
    )
  return pd.DataFrame(rows)


@functools.cache
def fitted() -> laws.Fit:
  """The forgetting law of `planted()`, with its bootstrap once for all."""
  return laws.fit(planted())


def toy(seed=0):
  """A study of toy scale: negative forgetting, and B that grows with D."""
  generator = np.random.default_rng(seed)
  rows = []
  for n, base in ((25e3, 2.747), (1e5, 2.4), (4e5, 2.1)):
    for d, p in itertools.product(
      (12.8e3, 25.6e3, 51.2e3), (0, 0.01, 0.05, 0.2)
    ):
      scale = d / 12.8e3
      change = 0.31 * scale**0.55 * (n / 25e3) ** -0.1
      change *= (1 + 25 * scale**1.2 * p) ** -0.9
      loss = base + change - 0.3 * p + 0.01 * generator.normal()
      rows.append(
        {
          "domain": "kjv",
          "model_params": n,
          "target_tokens": d,
          "injection": p,
          "base_pretrain_loss": base,
          "pretrain_loss": loss,
          "target_loss": 2 - 0.1 * np.log(n / 25e3) - 0.05 * np.log(d),
          "status": "done",
        }
      )
  return pd.DataFrame(rows)


def foreign(rows=60):
  """A table in nobody's column names."""
  generator = np.random.default_rng(0)
  n = np.exp(generator.uniform(np.log(1e7), np.log(1e9), rows))
  d = np.exp(generator.uniform(np.log(1e9), np.log(1e11), rows))
  loss = 1.7 + 400 / n**0.34 + 1500 / d**0.36
  loss *= np.exp(1e-3 * generator.normal(size=rows))
  return pd.DataFrame({"params": n, "seen": d, "val_loss": loss})


def fewer_draws(monkeypatch, draws: int = 60) -> None:
  """Lets fits bootstrap less, for tests that ask for no interval's ends."""
  resampling = fitted_lib.resampling
  monkeypatch.setattr(
    fitted_lib, "resampling", lambda fit, **_: resampling(fit, draws=draws)
  )


def pretrainings(rows=40, seed=0, noise=0.01):
  """Losses of pretrainings that obey Chinchilla's law, with heavy noise."""
  generator = np.random.default_rng(seed)
  n = np.exp(generator.uniform(np.log(1e7), np.log(1e9), rows))
  d = np.exp(generator.uniform(np.log(1e9), np.log(1e11), rows))
  loss = 1.7 + 400 / n**0.34 + 1500 / d**0.36
  loss *= np.exp(noise * generator.standard_t(3, size=rows))
  return pd.DataFrame({"model_params": n, "tokens": d, "loss": loss})
