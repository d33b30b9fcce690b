"""Rotary positions: tables of cosine and sine, and what turns by them."""

import math

import jax.numpy as jnp
import numpy as np

from forgetting.config.rope import Rope


def frequencies(rope: Rope, size: int, length: int) -> np.ndarray:
  """Radians a position by which each pair of channels turns.

  Args:
    rope: base and scaling.
    size: d, channels that are turned.
    length: tokens of the sequence, on which longrope depends.

  Returns:
    float32 [d / 2]. Formulas: Llama 3.1's of its model card's code; Peng et
    al. 2023 (YaRN, arXiv 2309.00071); Ding et al. 2024 (LongRoPE, arXiv
    2402.13753).
  """
  plain = rope.theta ** (-np.arange(0, size, 2) / size)
  if rope.scaling == "linear":
    plain = plain / rope.factor
  elif rope.scaling == "llama3":
    turns = rope.original_context * plain / (2 * math.pi)
    kept = np.clip((turns - rope.low) / (rope.high - rope.low), 0, 1)
    plain = plain * (kept + (1 - kept) / rope.factor)
  elif rope.scaling == "yarn":
    stretched = _ramp(rope, size)
    plain = plain * (1 - stretched + stretched / rope.factor)
  elif rope.scaling == "longrope":
    long = length > rope.original_context
    plain = plain / np.array(rope.long_factors if long else rope.short_factors)
  return plain.astype(np.float32)


def _ramp(rope: Rope, size: int) -> np.ndarray:
  """YaRN's: 0 for channels that stay, 1 for those wholly stretched."""

  def channel(turns: float) -> float:
    full = math.log(rope.original_context / (turns * 2 * math.pi))
    return size * full / (2 * math.log(rope.theta))

  low, high = channel(rope.beta_fast), channel(rope.beta_slow)
  if rope.truncate:
    low, high = math.floor(low), math.ceil(high)
  low, high = max(low, 0), min(high, size - 1)
  width = high - low or 0.001
  return np.clip((np.arange(size // 2) - low) / width, 0, 1)


def tables(
  ropes: tuple[Rope | None, ...], size: int, length: int
) -> tuple[np.ndarray, np.ndarray]:
  """Cosine and sine of every kind of layer, at every position.

  Args:
    ropes: of the kinds; None: nothing turns.
    size: channels that are turned.
    length: tokens of the sequence.

  Returns:
    two of float32 [kinds, L, size / 2].
  """
  cos, sin = [], []
  for rope in ropes:
    # as float32 multiplies them: what the checkpoints were trained with
    angle = np.outer(
      np.arange(length, dtype=np.float32),
      np.zeros(size // 2, np.float32)
      if rope is None
      else frequencies(rope, size, length),
    )
    factor = np.float32(1 if rope is None else rope.attention_factor)
    cos.append(np.cos(angle) * factor)
    sin.append(np.sin(angle) * factor)
  return np.stack(cos), np.stack(sin)


def turn(x_BxLxHxK, cos_LxP, sin_LxP, *, neighbours: bool):
  """Turns pairs of channels; those beyond the first 2 P stay as they are.

  Args:
    x_BxLxHxK: queries or keys.
    cos_LxP, sin_LxP: of P pairs, float32.
    neighbours: whether channel 2i turns with 2i + 1, not i with i + P.
  """
  pairs = cos_LxP.shape[-1]
  cos, sin = (t[:, None, :].astype(x_BxLxHxK.dtype) for t in (cos_LxP, sin_LxP))
  turned, rest = x_BxLxHxK[..., : 2 * pairs], x_BxLxHxK[..., 2 * pairs :]
  if neighbours:
    split = turned.reshape(*turned.shape[:-1], pairs, 2)
    a, b = split[..., 0], split[..., 1]
    both = jnp.stack([a * cos - b * sin, b * cos + a * sin], axis=-1)
    turned = both.reshape(turned.shape)
  else:
    a, b = jnp.split(turned, 2, axis=-1)
    turned = jnp.concatenate([a * cos - b * sin, b * cos + a * sin], axis=-1)
  return jnp.concatenate([turned, rest], axis=-1) if rest.shape[-1] else turned
