"""Curves of made-up runs whose forgetting follows a law of the recipe."""

import numpy as np
import pandas as pd

BASE, TURN, TOKENS = 3.0, 2.0, 40_000  # target losses; tokens to the bottom
USUAL = 1e-3
LAW = dict(A=0.8, lam=0.3, rho=0.1, B=1e-4, c=0.5)
ADAPTERS = 0.75  # of A, at rank 1


def target_tokens(rate: float, rank: float) -> float:
  """Until 95 % of the way: twice the rate needs two thirds of the tokens."""
  return 0.95 * TOKENS * rate**-0.585 * rank**-0.1


def forgetting(rate: float, rank: float, injection: float, lora: bool):
  """Nats at 95 % of the way."""
  q = LAW
  height = q["A"] * (ADAPTERS * rank ** q["rho"] if lora else 1)
  injected = injection / (1 - injection) * target_tokens(rate, rank)
  return height * rate ** q["lam"] / (1 + q["B"] * injected) ** q["c"]


def curve(rate=1.0, rank=0, injection=0.0, seed=0) -> pd.DataFrame:
  """Falls in a straight line to the lowest target loss, in ten evaluations."""
  part = np.linspace(0, 1, 11)
  end = target_tokens(rate, rank or 1) / (1 - injection) / 0.95
  lost = forgetting(rate, rank or 1, injection, rank > 0) / 0.95
  noise = 1 + 0.004 * np.random.default_rng([seed, int(1e4 * rate)]).normal()
  method = f"lora-r{rank}" if rank else "full"
  return pd.DataFrame(
    dict(
      study="s", run=f"{method}-p{injection}-lr{rate}-s{seed}", domain="kjv",
      model_params=1000, target_tokens=5000, injection=injection, seed=seed,
      replay=None, method=method, optimizer="adamw-cosine",
      peak_lr=rate * USUAL, step=np.arange(11) * 10, tokens=part * end,
      target_loss=BASE - part * (BASE - TURN),
      pretrain_loss=2.0 + part * lost * noise, forgetting_standard_error=0.01,
    )
  )  # fmt: skip


def curves() -> pd.DataFrame:
  """Rates and injections of full runs; rates and ranks of adapters."""
  full = [
    curve(injection=p, seed=s) for p in (0, 0.02, 0.05, 0.2) for s in (0, 1)
  ]
  rates = [curve(rate=r) for r in (0.1, 0.3, 3, 10)]
  ranks = [curve(rate=10, rank=r) for r in (1, 4, 16, 64)]
  adapters = [curve(rate=r, rank=16) for r in (1, 3, 30)]
  return pd.concat([*full, *rates, *ranks, *adapters], ignore_index=True)
