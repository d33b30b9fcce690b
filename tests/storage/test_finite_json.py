import json
import math

from hypothesis import given
from hypothesis import strategies as st
import numpy as np

from forgetting.storage import finite_json

VALUES = st.recursive(
  st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
  lambda inner: (
    st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
  ),
  max_leaves=8,
)


def finite(value):
  if isinstance(value, dict):
    return {key: finite(part) for key, part in value.items()}
  if isinstance(value, list):
    return [finite(part) for part in value]
  if isinstance(value, float) and not math.isfinite(value):
    return None
  return value


@given(VALUES)
def test_a_strict_reader_reads_back_all_that_is_finite(value):
  def refuse(constant):
    raise AssertionError(constant)

  text = finite_json.dumps(value)
  assert json.loads(text, parse_constant=refuse) == finite(value)


def test_numpys_numbers_and_arrays_are_numbers_and_lists():
  told = dict(a=np.float32(0.5), b=np.arange(3), c=np.array([np.nan, 1.0]))
  assert json.loads(finite_json.dumps(told | {1: np.int64(2)})) == {
    "a": 0.5,
    "b": [0, 1, 2],
    "c": [None, 1.0],
    "1": 2,
  }
