import dataclasses

import pytest

from forgetting.config import InputError, Optimizer, canonical

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


def test_muon_alone_has_a_rate_of_its_own():
  with pytest.raises(InputError, match="^Optimizer.matrix_ratio: found 3.0"):
    dataclasses.replace(PLAIN, matrix_ratio=3)
  with pytest.raises(InputError, match="^Optimizer.matrix_ratio: found 0"):
    dataclasses.replace(PLAIN, kind="muon", matrix_ratio=0)
  muon = dataclasses.replace(PLAIN, kind="muon", schedule="wsd")
  assert muon.word == "muon-wsd"
  assert dataclasses.replace(muon, matrix_ratio=3).word == "muon-wsd-x3"


def test_a_run_from_before_matrices_had_their_rate_keeps_its_hash():
  known = dict(peak_lr=1e-3, kind="muon")
  assert canonical.digest(Optimizer(**known)) == canonical.digest(
    Optimizer(**known, matrix_ratio=1)
  )
  assert "matrix_ratio" not in canonical.to_json(Optimizer(**known))


def test_what_it_can_have_at_the_ends():
  ends = dict(warmup_steps=0, final_lr_fraction=1, b1=0, b2=0, weight_decay=0)
  assert dataclasses.replace(PLAIN, **ends).weight_decay == 0.0
