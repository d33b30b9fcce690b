"""A user's table, which several verbs read."""

import pathlib

import numpy as np
import pandas as pd
import pytest


@pytest.fixture(scope="session")
def table(tmp_path_factory) -> pathlib.Path:
  """A user's table, made by a known law."""
  rows = []
  for n in (1e5, 4e5, 1.6e6):
    for d in (1e4, 4e4, 1.6e5):
      for p in (0, 0.01, 0.05, 0.2):
        base = 2.0 * (n / 1e5) ** -0.05
        forgotten = 0.4 * (d / 1e4) ** 0.4 * ((1 + 300 * p) * n / 1e5) ** -0.5
        target = 1.0 + 300 * n**-0.3 * d**-0.2
        rows.append((n, d, p, base + forgotten, base, target, "law"))
  columns = (
    "model_params", "target_tokens", "injection", "pretrain_loss",
    "base_pretrain_loss", "target_loss", "domain",
  )  # fmt: skip
  noise = np.random.default_rng(0).normal(0, 0.001, len(rows))
  frame = pd.DataFrame(rows, columns=columns)
  frame["pretrain_loss"] *= np.exp(noise)
  file = tmp_path_factory.mktemp("table") / "mine.csv"
  frame.to_csv(file, index=False)
  return file
