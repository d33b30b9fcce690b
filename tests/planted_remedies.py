"""Curves of made-up runs, whose forgetting at any target loss is known."""

import numpy as np
import pandas as pd

BASE, TURN = 3.0, 2.0  # target loss at base, and the lowest
RATES = {"full": 1.0, "lora-r4": 0.6, "lora-r64": 0.9, "kl-target-1": 0.5}


def rate(method: str, injection: float) -> float:
  """Nats forgotten for a nat learnt; injection removes 1 / (1 + 10 p)."""
  return RATES[method] / (1 + 10 * injection)


def curve(
  method="full", injection=0.0, seed=0, lr=1e-3, lowest=TURN, noise=0.0
) -> pd.DataFrame:
  """Falls in nine evaluations to the lowest target loss, then turns."""
  falls = np.linspace(BASE, lowest, 9)
  target = np.concatenate([falls, [lowest + 0.1]])
  learnt = BASE - target
  learnt[-1] = BASE - lowest + 0.1  # what is forgotten goes on
  steps = np.arange(len(target)) * 10
  return pd.DataFrame(
    dict(
      study="s",
      run=f"{method}-p{injection}-lr{lr}-s{seed}",
      domain="kjv",
      model_params=1000,
      target_tokens=5000,
      injection=injection,
      seed=seed,
      replay=None,
      method=method,
      optimizer="adamw-cosine",
      peak_lr=lr,
      step=steps,
      tokens=steps * 100,
      target_loss=target,
      pretrain_loss=2.0 + learnt * (rate(method, injection) + noise),
      forgetting_standard_error=0.01,
    )
  )


def curves() -> pd.DataFrame:
  """Two seeds of plain runs, three injections, two methods, one of both."""
  return pd.concat(
    [
      curve(noise=-0.02),
      curve(seed=1, noise=0.02),
      *(curve(injection=p) for p in (0.01, 0.05, 0.2)),
      curve("lora-r4", lr=1e-2),
      curve("lora-r64", lr=1e-2),
      curve("kl-target-1"),
      curve("kl-target-1", injection=0.05),
      curve(lr=1e-4, lowest=2.5),  # does not get there
    ],
    ignore_index=True,
  )


def blends() -> pd.DataFrame:
  """Averages of one plain run with base: what is learnt first costs least."""
  weight = np.linspace(0, 1, 11)
  return pd.DataFrame(
    dict(
      study="s",
      run="full-p0.0-lr0.001-s0",
      domain="kjv",
      model_params=1000,
      target_tokens=5000,
      remedy="averaging",
      strength=weight,
      target_loss=BASE - weight * (BASE - TURN),
      forgetting=weight**2,
      forgetting_standard_error=0.01,
    )
  )


def runs() -> pd.DataFrame:
  """A row a run of the curves, all of them done."""
  rows = curves().drop_duplicates(["study", "run"])
  return rows.reset_index(drop=True).assign(status="done")
