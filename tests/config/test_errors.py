import numpy as np

from forgetting.config.errors import shown


def test_a_value_is_shown_short_and_on_one_line():
  assert shown("mix") == "'mix'"
  assert shown(12.5) == "12.5"
  for value in ("a" * 1000, np.zeros((40, 40)), ["long" * 50] * 50, 10**400):
    assert "\n" not in shown(value)
    assert len(shown(value)) < 600
