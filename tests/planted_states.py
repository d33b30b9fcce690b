"""Matrices that follow from what a text says, with the states that say it."""

import numpy as np

from forgetting.associations.states import CHUNKS, States


def planted_states(
  rows=36, columns=150, *, width=12, noise=0.01, sign=-1, seed=0
):
  """Z = example effect + sign <A q_i, A e_j> / 10 of states q_i and e_j.

  Returns:
    Z [rows, columns], and states whose mean says it and whose last is noise.
  """
  generator = np.random.default_rng(seed)
  tasks = generator.normal(size=(rows, width))
  examples = generator.normal(size=(columns, width))
  onto = generator.normal(size=(width, 2)) / np.sqrt(width)
  values = sign * 0.1 * (tasks @ onto) @ (examples @ onto).T
  values += generator.normal(0.1, 0.05, columns)
  values += noise * generator.normal(size=values.shape)
  texts = generator.normal(size=(rows, CHUNKS, width))
  texts = tasks[:, None] + 0.3 * texts
  states = States(
    "planted",
    np.stack([examples, generator.normal(size=examples.shape)], axis=-2),
    np.stack([texts, generator.normal(size=texts.shape)], axis=-2),
  )
  return values, states
