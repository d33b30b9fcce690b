import numpy as np
import pytest

from forgetting.config.errors import InputError, readable, shown


def test_a_value_is_shown_short_and_on_one_line():
  assert shown("mix") == "'mix'"
  assert shown(12.5) == "12.5"
  for value in ("a" * 1000, np.zeros((40, 40)), ["long" * 50] * 50, 10**400):
    assert "\n" not in shown(value)
    assert len(shown(value)) < 600


def test_a_file_that_cannot_be_read_is_one_line(tmp_path):
  for error, told in (
    (PermissionError(13, "Permission denied"), "Permission denied"),
    (OSError("of a disk"), "OSError"),
  ):
    with pytest.raises(InputError) as caught, readable(tmp_path):
      raise error
    assert str(caught.value) == f"{tmp_path}: cannot be read ({told})"
  with pytest.raises(FileNotFoundError), readable(tmp_path):
    raise FileNotFoundError
