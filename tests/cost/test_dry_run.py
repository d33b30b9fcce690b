"""What a study would cost: its sums, its refusals, and that it does nothing."""

import dataclasses
import pathlib
import subprocess
import sys

import pytest

from forgetting.config import InputError, Model, Study
from forgetting.config.study_file import load_study
from forgetting.cost import chips, dry_run
from forgetting.cost.footprint import Mesh, footprint, mesh_for

CONFIGS = pathlib.Path(__file__).parents[2] / "configs"


@pytest.fixture
def uncompiled(monkeypatch):
  monkeypatch.setattr(dry_run, "COMPILE_SECONDS", -1)


def test_the_paper_s_study_is_told_without_any_text(
  uncompiled, tmp_path, monkeypatch
):
  monkeypatch.setenv("FORGETTING_CACHE", str(tmp_path))
  study = load_study(str(CONFIGS / "paper.py"))
  text = dry_run.tell(study, chip="v5e", devices=256)
  assert "paper: 605 runs" in text
  assert "256 x v5e at 40% of 197 TFLOP/s" in text
  assert not list(tmp_path.iterdir())


def test_hours_are_flops_over_what_the_chips_do(uncompiled):
  study = load_study(str(CONFIGS / "paper.py"))
  chip = chips.find("h100")
  plans = dry_run.plans_of(study.ordered(), chip=chip, devices=64)
  assert sum(p.runs for p in plans) == len(study.ordered())
  flops = sum(run.flops for run in study.ordered())
  assert sum(p.flops for p in plans) == pytest.approx(flops)
  evaluated = sum(p.evaluation_flops for p in plans)
  hours = sum(p.hours(chip, 64, 0.5) for p in plans)
  expected = (flops + evaluated) / (64 * 989e12 * 0.5) / 3600
  assert hours == pytest.approx(expected)
  assert 0 < evaluated < 0.1 * flops


def test_the_shipped_study_for_one_gpu_fits_24_gb(uncompiled):
  study = load_study(str(CONFIGS / "gpu.py"))
  assert "n126m" not in dry_run.tell(study, chip="rtx4090", devices=1)


@pytest.mark.parametrize(
  ("options", "line"),
  [
    (("--chip", "rtx4090"), "on each of 1 rtx4090, found 22.1 GB usable"),
    (("--chip", "h2000"), "--chip: found 'h2000', expected one of cpu, h200"),
    (("--devices", "0"), "--devices: found 0"),
    (("--mfu", "1.5"), "--mfu: found 1.5"),
  ],
)
def test_what_cannot_be_is_one_line_and_status_two(options, line):
  command = ["study", str(CONFIGS / "paper.py"), "--dry-run", *options]
  done = subprocess.run(
    [sys.executable, "-m", "forgetting", *command],
    capture_output=True,
    text=True,
  )
  assert done.returncode == 2
  assert line in done.stderr
  assert len(done.stderr.strip().splitlines()) == 1


def test_memory_is_near_what_the_compiler_finds(finetuning):
  """On a CPU, whose attention is written out: within a half."""
  model = Model(layers=6, width=64, heads=2, context=64)
  parent = dataclasses.replace(finetuning.parent, model=model, batch_size=8)
  expected = footprint(parent, Mesh(1, 1), fused_attention=False).total
  assert dry_run.compiled_bytes(parent) == pytest.approx(expected, rel=0.5)


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


def test_a_study_is_not_done_by_a_dry_run(uncompiled, finetuning, tmp_path):
  toy = Study(name="toy", runs=(finetuning,))
  assert "2 runs" in dry_run.tell(toy, chip="cpu", devices=2)
  with pytest.raises(InputError, match="expected 1 or more"):
    dry_run.tell(toy, chip="cpu", devices=0)
  assert not list(tmp_path.glob("toy"))
