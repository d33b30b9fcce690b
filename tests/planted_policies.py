"""Runs of a replay study with planted gains of the policies."""

import numpy as np
import pandas as pd

F0 = {"kjv": 0.8, "law": 0.5}
B = {"uniform": 8.0, "predicted": 16.0, "online": 8.0, "true": 24.0}


def table(*, noise: float = 0.0, seeds: int = 5) -> pd.DataFrame:
  """Runs that obey F = F0 / (1 + B p), with luck of the seed's own."""
  draw = np.random.default_rng(0)
  rows = []
  for domain, f0 in F0.items():
    for seed in range(seeds):
      luck = draw.normal(0, 0.05)  # of the seed: pairing takes it out
      rows.append((domain, seed, 0.0, "none", f0 + luck))
      rows.append((domain, seed, 0.0, "probe", f0 / 3))
      for policy, b in B.items():
        for p in (0.01, 0.05, 0.2):
          f = f0 / (1 + b * p) + luck + draw.normal(0, noise)
          rows.append((domain, seed, p, policy, f))
  columns = ["domain", "seed", "injection", "replay", "forgetting"]
  frame = pd.DataFrame(rows, columns=columns)
  return frame.assign(
    model_params=1000,
    target_tokens_asked=500,
    base_pretrain_loss=2.0,
    pretrain_loss=2.0 + frame["forgetting"],
    target_loss=np.where(frame["replay"] == "true", 1.51, 1.5),
    status="done",
  ).drop(columns="forgetting")
