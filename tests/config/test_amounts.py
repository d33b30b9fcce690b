"""Numbers as people write them."""

from hypothesis import given
from hypothesis import strategies as st
import pytest

from forgetting.config import amounts


@pytest.mark.parametrize(
  ("text", "value"),
  [
    ("400k", 400_000),
    ("1.3B", 1_300_000_000),
    ("4 M", 4_000_000),
    ("5%", 0.05),
    ("0.5 %", 0.005),
    ("1,000,000", 1_000_000),
    ("1 000", 1_000),
    ("1_000", 1_000),
    ("1e6", 1e6),
    ("-3", -3),
    ("\u22120.5", -0.5),
    (".5", 0.5),
    ("k", None),
    ("1,00", None),
    ("0x10", None),
    ("", None),
  ],
)
def test_a_number_is_what_it_says(text, value):
  found = amounts.number(text)
  assert found == value and type(found) is type(value)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_float_is_read_to_the_last_bit(value):
  assert amounts.number(repr(value)) == value
  assert amounts.number(repr(value).replace(".", ","), point=",") == value


@given(st.integers(-(10**30), 10**30))
def test_whole_numbers_are_exact_with_thousands_or_without(value):
  assert amounts.number(str(value)) == value
  assert amounts.number(f"{value:,}") == value


def test_a_comma_may_mean_two_things():
  assert amounts.is_ambiguous("1,234")
  assert not amounts.is_ambiguous("0,234")
  assert amounts.points("0,05") == {","}
  assert amounts.points("12") == {".", ","}
