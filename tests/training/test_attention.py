import jax
import numpy as np
from plain_model import assert_near
import pytest

from forgetting.training.models import attention

WINDOWS = (None, 3)


def written_out(q, k, v, scale, cap, window):
  """Softmax attention a query at a time, float64."""
  q, k, v = (np.asarray(x, np.float64) for x in (q, k, v))
  out = np.zeros_like(q)
  each = q.shape[2] // k.shape[2]
  for row, at, head in np.ndindex(q.shape[:3]):
    first = 0 if window is None else max(0, at - window + 1)
    keys = slice(first, at + 1)
    scores = scale * k[row, keys, head // each] @ q[row, at, head]
    if cap:
      scores = cap * np.tanh(scores / cap)
    weights = np.exp(scores - scores.max())
    out[row, at, head] = weights / weights.sum() @ v[row, keys, head // each]
  return out


def inputs():
  draw = np.random.default_rng(0)
  q = draw.normal(size=(2, 7, 4, 8))
  k, v = draw.normal(size=(2, 2, 7, 2, 8))
  return [x.astype(np.float32) for x in (q, k, v)]


@pytest.mark.parametrize("kind", [0, 1])
@pytest.mark.parametrize("cap", [None, 0.5])
def test_heads_share_keys_and_windows_end(kind, cap):
  q, k, v = inputs()
  found = attention.attend(
    q, k, v, scale=0.4, cap=cap, windows=WINDOWS, kind=kind
  )
  expected = written_out(q, k, v, 0.4, cap, WINDOWS[kind])
  np.testing.assert_allclose(found, expected, atol=2e-6)


def test_both_ways_agree(monkeypatch):
  """What an accelerator computes, by jax.nn, with a branch a window."""
  q, k, v = inputs()

  def loss(q, k, v, kind):
    out = attention.attend(
      q, k, v, scale=0.4, cap=None, windows=WINDOWS, kind=kind
    )
    return (out**2).sum()

  for kind in (0, 1):
    plain = jax.grad(loss, argnums=(0, 1, 2))(q, k, v, kind)
    with monkeypatch.context() as patch:
      patch.setattr(jax, "default_backend", lambda: "tpu")
      other = jax.grad(loss, argnums=(0, 1, 2))(q, k, v, kind)
    assert_near(other, plain, rtol=1e-5)


def test_a_window_as_long_as_the_sequence_is_none():
  q, k, v = inputs()
  whole, wide = (
    attention.attend(q, k, v, scale=1.0, cap=None, windows=(w,), kind=0)
    for w in (None, 7)
  )
  np.testing.assert_array_equal(whole, wide)
