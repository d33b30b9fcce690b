"""JSON that every reader takes: what is not finite is null.

JSON has no NaN and no infinity; Python writes them all the same, and then
JavaScript, jq and most other programs refuse the whole file.
"""

import json
import math


def dumps(value, *, indent: int | None = None, sort_keys: bool = False) -> str:
  """A value as JSON; arrays and numbers of numpy as lists and numbers.

  Args:
    value: dicts, lists, tuples, numbers, text, None, and arrays of numpy.
    indent: blanks a level; None: all on one line.
    sort_keys: whether the keys of a dict are in alphabetical order.

  Returns:
    text without NaN and infinities: null stands for them.
  """
  return json.dumps(
    _finite(value), indent=indent, sort_keys=sort_keys, allow_nan=False
  )


def _finite(value):
  if hasattr(value, "tolist"):  # of numpy
    value = value.tolist()
  if isinstance(value, dict):
    return {str(key): _finite(part) for key, part in value.items()}
  if isinstance(value, (list, tuple)):
    return [_finite(part) for part in value]
  if isinstance(value, float) and not math.isfinite(value):
    return None
  return value
