import pytest

from forgetting.config.kinds import Refused, kind_of
from forgetting.config.ranges import (
  ABOVE_0,
  BELOW_1,
  Count,
  Decay,
  Fraction,
  NotNegative,
  Part,
  Positive,
  Whole,
)


@pytest.mark.parametrize(
  ("annotation", "inside", "outside"),
  [
    (Count, (1,), (0,)),
    (Whole, (0,), (-1,)),
    (Positive, (ABOVE_0, 1e300), (0.0,)),
    (NotNegative, (0.0,), (-ABOVE_0,)),
    (Fraction, (0.0, 1.0), (-ABOVE_0, 1.0000001)),
    (Part, (ABOVE_0, 1.0), (0.0,)),
    (Decay, (0.0, BELOW_1), (1.0,)),
  ],
)
def test_both_ends_belong_to_a_range(annotation, inside, outside):
  kind = kind_of(annotation)
  assert all(kind.take(value) == value for value in inside)
  for value in outside:
    with pytest.raises(Refused):
      kind.take(value)
