"""Memory of a sampler by formula, beside what is compiled."""

import dataclasses

import pytest
import tiny_checkpoint

from forgetting.config import Model, Pretrained
from forgetting.training import sampling, sampling_size


def models(tmp_path):
  folder = tiny_checkpoint.write(tmp_path / "tiny")
  return (
    Model(layers=2, width=64, heads=2, context=256),
    Pretrained(str(folder)).model(context=32),
  )


@pytest.mark.parametrize("rows", [8, 64])
def test_the_formula_is_what_is_compiled(tmp_path, rows):
  for model in models(tmp_path):
    program = sampling.compile_sampler(model, rows=rows).program
    found = program.memory_analysis()
    compiled = found.argument_size_in_bytes + found.temp_size_in_bytes
    told = sampling_size.size(model, rows).total
    assert compiled == pytest.approx(told, rel=0.25)


def test_a_large_model_with_a_long_context_writes_fewer_at_once():
  small = Model(layers=2, width=64, heads=2, context=256)
  assert sampling_size.rows(1024, small) == 64
  assert sampling_size.rows(40, small) == 32  # as few chains as that
  large = Model(layers=32, width=4096, heads=32, vocab_size=32_000)
  rows = [
    sampling_size.rows(1024, dataclasses.replace(large, context=context))
    for context in (128, 1024, 1 << 20)
  ]
  assert 64 >= rows[0] > rows[1] > rows[2] == 1
  found = sampling_size.size(dataclasses.replace(large, context=1024), rows[1])
  assert found.weights / 4 < found.kept <= found.weights / 2


def test_chains_are_no_longer_than_what_is_wanted_needs():
  assert [sampling_size.links(n) for n in (1, 32, 33, 1024)] == [1, 1, 2, 8]
