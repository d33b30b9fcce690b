"""What tests of the laws share."""

import planted_tables
import pytest


@pytest.fixture
def few_draws(monkeypatch):
  """Fits that bootstrap less: for tests that ask for no interval's ends."""
  planted_tables.fewer_draws(monkeypatch)
