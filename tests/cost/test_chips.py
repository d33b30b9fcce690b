import pytest

from forgetting.config import InputError
from forgetting.cost import chips


def test_a_chip_has_a_peak_for_each_type():
  chip = chips.find("h100")
  assert chip.peak("bfloat16") == 989e12 > chip.peak("float32")


def test_a_core_has_its_share_of_this_machines_memory():
  core = chips.find("cpu")
  assert 0 < core.memory and core.peak("float32") == core.peak("bfloat16")


def test_an_unknown_chip_is_told_with_the_known_ones():
  with pytest.raises(InputError, match="found 'h2000', expected one of cpu"):
    chips.find("h2000")
