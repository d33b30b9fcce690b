"""Studies of replay sources whose rates of exchange are known."""

import itertools

import numpy as np
import pandas as pd

Q = {"self-t1": 0.7, "wiki": 0.2, "junk": 0.0}
NOISE = 0.001  # of the loss, relative


def planted(sources=Q, sizes=(50_000, 150_000), injections=(0.01, 0.05, 0.2)):
  """A study of two domains with known rates of exchange."""
  noise, rows = np.random.default_rng(0), []
  domains = {"law": (0.5, 1 / 3_000), "poems": (0.3, 1 / 8_000)}
  cells = itertools.product(domains.items(), sizes)
  for (domain, (height, effect)), size in cells:
    for word, q in [(None, 0.0), ("own", 1.0), *sources.items()]:
      for p in injections if word else (0.0,):
        tokens = 400_000 / (1 - p)
        forgetting = height * (size / 1e5) ** -0.1
        forgetting /= (1 + effect * q * p * tokens) ** 0.5
        loss = (2.5 + forgetting) * np.exp(NOISE * noise.normal())
        rows.append(
          dict(
            run=f"r{len(rows)}",
            domain=domain,
            model_params=size,
            target_tokens=10_000,
            injection=p,
            planned_tokens=tokens,
            pretrain_loss=loss,
            base_pretrain_loss=2.5,
            replay=None if word in (None, "own") else f"from-{word}",
            replay_source=word,
            status="done",
            target_loss=2.0,
          )
        )
  return pd.DataFrame(rows)
