"""The numbers that fields of configs hold: types with their range.

`steps: Count` is a whole number above 0 to a reader, to a type checker an int,
and `forgetting.config.checks` refuses every other value.
"""

import dataclasses
import math
import sys
from typing import Annotated

LARGEST_INT = 2**63 - 1  # what numpy and tables hold
LARGEST_FLOAT = sys.float_info.max
ABOVE_0 = math.nextafter(0.0, 1.0)
BELOW_1 = math.nextafter(1.0, 0.0)


@dataclasses.dataclass(frozen=True)
class Range:
  """Which numbers a field may hold; it stands beside the type in `Annotated`.

  Attributes:
    words: what a message calls such a number: "expected WORDS".
    lowest, highest: the ends, both of which belong to it.
  """

  words: str
  lowest: float
  highest: float = LARGEST_FLOAT


Count = Annotated[int, Range("a whole number above 0", 1, LARGEST_INT)]
Whole = Annotated[int, Range("a whole number, 0 or more", 0, LARGEST_INT)]
Positive = Annotated[float, Range("a number above 0", ABOVE_0)]
NotNegative = Annotated[float, Range("a number, 0 or more", 0.0)]
Fraction = Annotated[float, Range("a fraction within [0, 1]", 0.0, 1.0)]
Part = Annotated[float, Range("a fraction above 0, at most 1", ABOVE_0, 1.0)]
Decay = Annotated[float, Range("a fraction, 0 or more, below 1", 0.0, BELOW_1)]
