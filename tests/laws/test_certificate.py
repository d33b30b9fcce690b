"""What a fit can prove about itself."""

from dataclasses import replace

import numpy as np
import planted_tables
import pytest

from forgetting.laws.certificate import noise_of

HELD = planted_tables.fitted().certificate


def test_noise_is_the_spread_widened_for_the_parameters():
  residual = np.random.default_rng(0).normal(0, 0.01, 4000)
  assert noise_of(residual, 0) == pytest.approx(0.01, rel=0.05)
  assert noise_of(residual, 3000) == pytest.approx(2 * noise_of(residual, 0))
  # half of the residuals of a barely determined robust fit are zero
  half = np.where(np.arange(4000) % 2, 0.0, residual)
  assert noise_of(half, 0) > 0.003


@pytest.mark.parametrize(
  "change",
  [
    dict(gradient=1e-3),
    dict(smallest_eigenvalue=-0.1),
    dict(agree=1 / 16),
    dict(broken=("falls",)),
  ],
)
def test_it_holds_only_with_all_of_its_evidence(change):
  assert HELD.holds
  assert str(HELD).startswith("certificate holds")
  broken = replace(HELD, **change)
  assert not broken.holds
  assert str(broken).startswith("NO CERTIFICATE")
