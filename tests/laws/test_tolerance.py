"""Nats, percent and progress, there and back."""

from hypothesis import given, settings
from hypothesis import strategies as st
import planted_tables
import pytest

from forgetting import laws
from forgetting.config import InputError
from forgetting.laws.tolerance import from_nats, in_nats

CURVE = planted_tables.CURVE


@settings(deadline=None, max_examples=40)
@given(st.sampled_from(["loss", "percent", "progress"]), st.floats(0.5, 60))
def test_units_convert_there_and_back(unit, value):
  nats = in_nats(value, unit, base_loss=2.5, curve=CURVE)
  back = from_nats(nats, unit, base_loss=2.5, curve=CURVE)
  assert back == pytest.approx(value, rel=1e-3)


def test_units_are_what_they_say():
  assert laws.convert(10, "percent", "loss", base_loss=2.5) == 0.25
  half = laws.convert(50, "progress", "loss", base_loss=2.5, curve=CURVE)
  assert half == pytest.approx(3.6 * (1000**-0.08 - 2000**-0.08), rel=1e-9)
  with pytest.raises(InputError, match="curve"):
    laws.convert(50, "progress", "loss", base_loss=2.5)
