"""How many runs a device does together: measured once, and no more than fit."""

import dataclasses

import pytest

from forgetting.training import fleet_size


@pytest.mark.parametrize(
  ("rates", "slots"),
  [
    ({}, 1),
    ({1: 100.0}, 1),
    ({1: 100.0, 2: 105.0, 4: 400.0}, 1),
    ({1: 100.0, 2: 190.0, 4: 300.0, 8: 310.0}, 4),
    ({8: 100.0, 16: 190.0}, 16),
  ],
)
def test_a_fleet_grows_while_that_pays(rates, slots):
  assert fleet_size.chosen(rates) == slots


@pytest.mark.slow
def test_a_fleet_is_measured_once(finetuning, tmp_path, monkeypatch):
  rates, folder = {}, dict(folder=tmp_path, bytes_of_one=1.0)
  grid = [dataclasses.replace(finetuning, seed=seed) for seed in range(3)]

  def measured(run, slots):
    rates[slots] = fleet_size_rate(run, slots, seconds=0.1)
    return rates[slots]

  fleet_size_rate = fleet_size.rate
  monkeypatch.setattr(fleet_size, "rate", measured)
  assert fleet_size.fastest(grid[:1], **folder) == 1
  assert not rates  # there is nothing to choose
  slots = fleet_size.fastest(grid[:2], **folder)
  assert set(rates) == {1, 2} and min(rates.values()) > 0
  assert slots == fleet_size.chosen(rates)
  monkeypatch.setattr(fleet_size, "rate", None)  # it is not asked again
  assert fleet_size.fastest(grid[:3], **folder) == slots
