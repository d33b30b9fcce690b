"""Matrices that follow from what fine-tunings did to logits, and the logits."""

import numpy as np

from forgetting.associations.heads import Head
from forgetting.associations.logit_heads import LogitHead, Tokens


def planted_logits(
  rows=16, columns=48, *, length=12, states=6, vocabulary=9, scale=6.0, seed=0
):
  """Z as the trainable logit has it, by heads that are planted.

  Half of a state's channels say nothing of which token is like which.

  Returns:
    Z [rows, columns], the tokens, and the heads.
  """
  generator = np.random.default_rng(seed)

  def draw(*shape, size=1.0):
    return np.float32(size * generator.normal(size=shape))

  own = draw(rows, 2 * length, states)
  to_logits = draw(rows, states, vocabulary, size=0.3)
  tokens = Tokens(
    examples=draw(columns, length, states),
    targets=generator.integers(0, vocabulary, (columns, length)),
    weights=np.ones((columns, length), np.float32),
    tasks=own,
    changes=own @ to_logits + draw(rows, 1, vocabulary, size=0.5),
    counted=np.full(rows, 2 * length),
    head=draw(states + 1, vocabulary),
  ).standardised()
  drawn = Head.drawn(states, generator)
  first = drawn.first * (np.arange(states) < states // 2)[:, None] * 2
  parts = (first, drawn.first_bias, drawn.second, drawn.second_bias)
  planted = LogitHead(Head(*(np.float32(part) for part in parts)), scale)
  return planted.forecast(tokens, np.arange(rows)), tokens, planted
