"""Schedule and Optax chain.

What differs between the runs of a grid (learning rate, warm-up, steps) is
traced, so that one program serves them all; Optax's own schedules take Python
numbers and would compile one a run.
"""

import math
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from forgetting.config import Run
from forgetting.training.adam import clip_by_global_norm, scale_by_adam
from forgetting.training.methods.method import Method
from forgetting.training.models.family import name_of

MUON_RMS = 0.2  # of an AdamW step: arXiv 2502.16982
Number = Any  # a float32 of numpy, a traced one, or the shape of one


class Hyperparameters(NamedTuple):
  """Of a step: numbers that enter the program as arguments.

  `strength` is of the method's penalty; `decay_start` is the step from which
  on the learning rate falls linearly, below 0 where it follows a cosine;
  `matrix_ratio` is of the learning rates of Muon's matrices and of the rest.
  """

  peak_lr: Number
  final_lr: Number
  warmup_steps: Number
  steps: Number
  b1: Number
  b2: Number
  weight_decay: Number
  clip_norm: Number
  strength: Number = np.float32(0)
  decay_start: Number = np.float32(-1)
  matrix_ratio: Number = np.float32(1)

  @classmethod
  def of(cls, run: Run) -> "Hyperparameters":
    """Those of a run, as float32."""
    o = run.optimizer
    values = dict(
      peak_lr=o.peak_lr,
      final_lr=o.peak_lr * o.final_lr_fraction,
      warmup_steps=min(o.warmup_steps, run.steps),
      steps=run.steps,
      b1=o.b1,
      b2=o.b2,
      weight_decay=o.weight_decay,
      clip_norm=o.clip_norm,
      strength=run.method.traced,
      decay_start=o.decay_start(run.steps),
      matrix_ratio=o.matrix_ratio,
    )
    return cls(**{name: np.float32(value) for name, value in values.items()})

  def learning_rate(self, step):
    """Of a step: linear from 0 to the peak, then by the schedule.

    By a cosine to the final one, it is optax.warmup_cosine_decay_schedule,
    whose `decay_steps` is the total too. Works on numbers and on traced values.
    """
    xp = jnp if isinstance(step, jax.Array) else np
    warm = self.peak_lr * step / xp.maximum(self.warmup_steps, 1)
    length = xp.maximum(self.steps - self.warmup_steps, 1)
    done = xp.clip((step - self.warmup_steps) / length, 0, 1)
    cosine = 0.5 * (1 + xp.cos(np.pi * done))
    fall = xp.maximum(self.steps - self.decay_start, 1)
    linear = 1 - xp.clip((step - self.decay_start) / fall, 0, 1)
    left = xp.where(self.decay_start < 0, cosine, linear)
    decayed = self.final_lr + (self.peak_lr - self.final_lr) * left
    return xp.where(step < self.warmup_steps, warm, decayed)


def make_optimizer(
  h: Hyperparameters, method: Method, kind: str = "adamw"
) -> optax.GradientTransformation:
  """Clip, then the optimizer's direction: the step multiplies by -rate.

  Args:
    h: numbers, or traced values.
    method: says what of its parameters is a matrix, and what is decayed.
    kind: as of `config.Optimizer`.
  """

  def decayed(params):
    return jax.tree_util.tree_map_with_path(
      lambda path, _: method.is_decayed(name_of(path)), params
    )

  clip = clip_by_global_norm(h.clip_norm)
  decay = optax.add_decayed_weights(h.weight_decay, mask=decayed)
  if kind == "muon":
    return optax.chain(clip, _muon(h, method), decay, _own_rate(h, method))
  return optax.chain(clip, scale_by_adam(h.b1, h.b2), decay)


def _muon(h: Hyperparameters, method: Method) -> optax.GradientTransformation:
  """Each layer's matrices made orthogonal; the rest by Adam.

  A step is as large as AdamW's are in a long training, whatever the shape.
  """

  def axes(kind, x):
    first = int(kind.layered)
    last = first + kind.inputs
    read, written = range(first, last), range(last, x.ndim)
    return optax.contrib.MuonDimensionNumbers(tuple(read), tuple(written))

  def scaled(kind, x):
    first = int(kind.layered)
    last = first + kind.inputs
    sizes = math.prod(x.shape[first:last]), math.prod(x.shape[last:])
    return MUON_RMS * max(sizes) ** 0.5 * x

  matrices = optax.chain(
    optax.contrib.scale_by_muon(
      beta=h.b1,
      weight_dimension_numbers=lambda updates: _by_kind(method, axes, updates),
    ),
    optax.stateless(lambda updates, _: _by_kind(method, scaled, updates)),
  )
  return optax.partition(
    dict(matrices=matrices, rest=scale_by_adam(h.b1, h.b2)),
    lambda params: _by_kind(
      method,
      lambda kind, _: "matrices" if kind.part == "matrices" else "rest",
      params,
    ),
  )


def _own_rate(
  h: Hyperparameters, method: Method
) -> optax.GradientTransformation:
  """Steps of matrices, their decay with it, as long as their own rate asks."""

  def scaled(kind, x):
    return h.matrix_ratio * x if kind.part == "matrices" else x

  return optax.stateless(lambda updates, _: _by_kind(method, scaled, updates))


def _by_kind(method: Method, function, tree):
  """Of every leaf, by what its parameter is."""
  return jax.tree_util.tree_map_with_path(
    lambda path, x: function(method.kind_of(name_of(path)), x), tree
  )
