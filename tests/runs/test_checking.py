"""Losses of two models on the same text, against cross entropy by hand."""

import numpy as np
import pytest
import tiny_checkpoint

from forgetting.config import InputError
from forgetting.runs import checking, sides
from forgetting.training import losses


@pytest.mark.usefixtures("own_cache")
def test_losses_are_shifted_cross_entropies(tmp_path, text):
  base = tiny_checkpoint.write(tmp_path / "base")
  tuned = tiny_checkpoint.write(tmp_path / "tuned", seed=1)
  before, after = sides.pair(str(base), str(tuned), context=32)
  sources = (text["news"], text["letters"])
  found = checking.measure(before, after, sources, sequences=9)
  assert len(found.base) == 18
  assert [*dict.fromkeys(found.measured.source)] == ["news", "letters"]
  assert np.abs(found.base - found.again).max() < 1e-5
  assert np.abs(found.base - found.tuned).min() > 1e-4
  chunks = found.measured.chunks
  for side, told in ((before, found.base), (after, found.tuned)):
    logits = losses.apply(side.load(), chunks[:, :-1], model=side.model)
    logits = np.asarray(logits, np.float64)
    # the target of a position is the token after it
    top = logits.max(-1, keepdims=True)
    norm = np.log(np.exp(logits - top).sum(-1)) + top[..., 0]
    picked = np.take_along_axis(logits, chunks[:, 1:, None], -1)[..., 0]
    weights = found.measured.weights
    plain = ((norm - picked) * weights).sum(1) / weights.sum(1)
    np.testing.assert_allclose(told, plain, rtol=1e-5)
  assert all(isinstance(t, str) and t for t in found.texts)


def test_without_text_it_is_one_line(tmp_path):
  base = str(tiny_checkpoint.write(tmp_path / "base"))
  with pytest.raises(InputError, match="--text: found none"):
    checking.measure(*sides.pair(base, base), (), sequences=4)


@pytest.mark.usefixtures("own_cache")
def test_how_far_it_is_is_told_on_the_way(tmp_path, text):
  base = str(tiny_checkpoint.write(tmp_path / "base"))
  before, after = sides.pair(base, base, context=32)
  heard = []
  found = checking.measure(
    before,
    after,
    (text["news"],),
    sequences=40,
    tell=lambda done, whole: heard.append((done, whole)),
  )
  count = len(found.base)
  assert heard[-1] == (3 * count, 3 * count) and len(heard) >= 3
  np.testing.assert_array_equal(found.base, found.tuned)


@pytest.mark.usefixtures("own_cache")
def test_of_two_models_the_broken_one_is_named(tmp_path, text):
  base = str(tiny_checkpoint.write(tmp_path / "base"))
  broken = str(tiny_checkpoint.write_broken(tmp_path / "broken"))
  for one, other in ((base, broken), (broken, base)):
    before, after = sides.pair(one, other, context=32)
    with pytest.raises(InputError) as told:
      checking.measure(before, after, (text["news"],), sequences=4)
    assert str(told.value).startswith(f"{broken}: found losses that are not")
