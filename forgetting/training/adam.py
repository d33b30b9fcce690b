"""Optax's Adam and its clip, with one division a number where they have four.

Divisions are what they cost on a CPU: what divides all numbers alike multiplies
them by its inverse here. The states are Optax's own.
"""

import jax
import jax.numpy as jnp
import optax

EPSILON = 1e-8


def clip_by_global_norm(most) -> optax.GradientTransformation:
  """As optax.clip_by_global_norm.

  Args:
    most: the norm of all updates together that is left as it is.
  """

  def update(updates, state, params=None):
    del params
    norm = optax.tree.norm(updates)
    return optax.tree.scale(jnp.minimum(1.0, most / norm), updates), state

  return optax.GradientTransformation(lambda _: optax.EmptyState(), update)


def scale_by_adam(b1, b2) -> optax.GradientTransformation:
  """As optax.scale_by_adam.

  Args:
    b1, b2: decay of the two moments: numbers, or traced values.
  """

  def update(updates, state, params=None):
    del params
    mu = optax.tree.update_moment(updates, state.mu, b1, 1)
    nu = optax.tree.update_moment_per_elem_norm(updates, state.nu, b2, 2)
    count = optax.safe_increment(state.count)
    of_mu, of_nu = (1 / (1 - b**count) for b in (b1, b2))
    direction = jax.tree.map(
      lambda m, v: of_mu * m / (jnp.sqrt(of_nu * v) + EPSILON), mu, nu
    )
    return direction, optax.ScaleByAdamState(count, mu, nu)

  return optax.GradientTransformation(optax.scale_by_adam().init, update)
