"""In how many parts a batch is computed, so that it fits."""

import dataclasses

import pytest

from forgetting.cost import parts
from forgetting.cost.footprint import Mesh, footprint
from forgetting.training import processes


def test_the_fewest_that_fit_are_chosen(finetuning):
  run = dataclasses.replace(finetuning, batch_size=12, micro_batches=2)
  ways = parts.choices(run, 1, fused_attention=False)
  assert [way.count for way in ways] == [2, 3, 4, 6, 12]
  sizes = [way.memory for way in ways]
  assert sizes == sorted(sizes, reverse=True)
  for way in ways:
    assert parts.fitting(ways, way.memory) == way
  assert parts.fitting(ways, sizes[-1] - 1) is None
  one = dataclasses.replace(run, micro_batches=3)
  expected = footprint(one, Mesh(1, 1), fused_attention=False).total
  assert ways[1].memory == expected


def test_devices_that_do_not_tell_get_what_is_asked_for(finetuning):
  assert processes.device_memory() is None
  assert parts.parts_here(finetuning) == finetuning.micro_batches


@pytest.mark.parametrize("index", [0, 1, -1])
def test_a_device_that_tells_gets_what_fits(monkeypatch, finetuning, index):
  monkeypatch.setattr(processes, "devices", lambda: 1)
  way = parts.choices(finetuning, 1, fused_attention=False)[index]
  monkeypatch.setattr(processes, "device_memory", lambda: way.memory)
  assert parts.parts_here(finetuning) == way.count
  monkeypatch.setattr(processes, "device_memory", lambda: 1)
  assert parts.parts_here(finetuning) == finetuning.micro_batches
