import numpy as np

from forgetting.cost import memory
from forgetting.cost.footprint import USABLE


def test_the_peak_grows_with_what_is_held():
  before = memory.peak_memory()
  held = np.ones(64 << 20, np.uint8)
  assert memory.peak_memory() >= before
  assert memory.peak_memory() > held.nbytes


def test_jax_takes_what_a_dry_run_counts_on_unless_told_otherwise():
  assert memory.gpu_share({}) == {"XLA_CLIENT_MEM_FRACTION": str(USABLE)}
  assert memory.gpu_share({"XLA_PYTHON_CLIENT_MEM_FRACTION": ".5"}) == {}
