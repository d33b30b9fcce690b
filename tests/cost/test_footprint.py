"""Memory by formula: near the compiler's, less where more devices share it."""

import dataclasses
import pathlib

import pytest

from forgetting.config import EWC, KL, Full, LoRA, Model
from forgetting.config.study_file import load_study
from forgetting.cost import dry_run
from forgetting.cost.footprint import (
  Mesh,
  footprint,
  footprint_here,
  mesh_for,
)

CONFIGS = pathlib.Path(__file__).parents[2] / "configs"


def test_memory_is_near_what_the_compiler_finds(finetuning):
  """On a CPU, whose attention is written out: within a half."""
  model = Model(layers=6, width=64, heads=2, context=64)
  parent = dataclasses.replace(finetuning.parent, model=model, batch_size=8)
  expected = footprint(parent, Mesh(1, 1), fused_attention=False).total
  assert dry_run.compiled_bytes(parent, 1) == pytest.approx(expected, rel=0.5)


def test_more_devices_and_smaller_parts_need_less_each():
  study = load_study(str(CONFIGS / "paper.py"))
  run = study.ordered()[4]

  def needed(run, devices=1):
    mesh = mesh_for(run, devices)
    return footprint(run, mesh, fused_attention=True).total

  parts = dataclasses.replace(run, micro_batches=8)
  kept = dataclasses.replace(
    run, model=dataclasses.replace(run.model, remat="none")
  )
  assert needed(run, 64) < needed(run, 8) / 4 < needed(run) / 16
  assert needed(parts) < needed(run) < needed(kept)


def test_a_mesh_divides_every_size(finetuning):
  for devices in (1, 2, 3, 6, 8, 12):
    mesh = mesh_for(finetuning, devices)
    assert devices % mesh.devices == 0
    assert finetuning.batch_size % mesh.data == 0
    assert finetuning.model.heads % mesh.model == 0


def test_fused_attention_is_reckoned_where_the_model_fits_it(finetuning):
  """As the step has it: 16-bit numbers, heads of at most 128 channels."""

  def squares(**changes):
    model = dataclasses.replace(finetuning.model, width=512, **changes)
    run = dataclasses.replace(finetuning.parent, model=model)
    plain, fused = (
      footprint(run, Mesh(1, 1), fused_attention=fused).activations
      for fused in (False, True)
    )
    return plain - fused

  assert squares(dtype="bfloat16", heads=4) > 0
  assert squares(dtype="bfloat16", heads=2) == 0
  assert squares(heads=4) == 0


def test_on_this_machine_nothing_is_fused(finetuning):
  plain = footprint(finetuning, Mesh(1, 1), fused_attention=False)
  assert footprint_here(finetuning) == plain
  assert plain.total == sum(dataclasses.astuple(plain))


def test_a_method_is_reckoned_by_what_it_trains_and_keeps(finetuning):
  """Adapters have no moments of the base; a penalty has the base beside."""

  def of(method):
    run = dataclasses.replace(finetuning, method=method)
    return footprint(run, Mesh(1, 1), fused_attention=False)

  full, weights = of(Full()), 4 * finetuning.model.total_params
  assert full.state == 3 * weights and full.frozen == 0
  lora = of(LoRA(rank=1))
  assert lora.state < full.state / 3 and lora.frozen == weights
  assert of(LoRA(rank=1, base="bfloat16")).frozen == weights / 2
  assert of(EWC(strength=1)).frozen == 2 * weights
  kl = of(KL(strength=1))
  assert kl.frozen == weights and kl.logits == 2 * full.logits
