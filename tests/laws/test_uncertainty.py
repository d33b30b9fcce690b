"""Bootstraps of a fit."""

import planted_tables
import pytest

from forgetting import laws
from forgetting.config import InputError

FITTED = laws.fit(planted_tables.pretrainings(), "chinchilla")


@pytest.mark.parametrize("draws", [1, 2, 51])
def test_a_bootstrap_of_any_length_converges(draws):
  found = laws.bootstrap(FITTED, draws=draws)
  assert len(found.x) == draws
  assert found.converged.all()
  assert (found.objective > 0).all()


def test_a_bootstrap_of_nothing_is_refused():
  with pytest.raises(InputError, match="draws 0"):
    laws.bootstrap(FITTED, draws=0)
