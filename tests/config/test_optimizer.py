import dataclasses

import pytest

from forgetting.config import InputError, Optimizer

PLAIN = Optimizer(peak_lr=1e-3)


@pytest.mark.parametrize(
  ("field", "value"),
  [
    ("peak_lr", 0),
    ("warmup_steps", -1),
    ("final_lr_fraction", 1.5),
    ("b1", 1.0),  # Adam divides by 1 - b1
    ("b2", -0.1),
    ("weight_decay", -1),  # it was taken, and grew the weights
    ("clip_norm", 0.0),
  ],
)
def test_what_an_optimizer_cannot_have(field, value):
  with pytest.raises(InputError, match=f"^Optimizer.{field}: found {value}"):
    dataclasses.replace(PLAIN, **{field: value})


def test_what_it_can_have_at_the_ends():
  ends = dict(warmup_steps=0, final_lr_fraction=1, b1=0, b2=0, weight_decay=0)
  assert dataclasses.replace(PLAIN, **ends).weight_decay == 0.0
