"""What a study would cost: its sums, its refusals, and that it does nothing."""

import dataclasses
import pathlib

from command import called
import pytest

from forgetting.config import EWC, KL, InputError, LoRA, SelfText, Study
from forgetting.config.study_file import load_study
from forgetting.cost import chips, dry_run

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
  assert "paper: 1505 runs" in text
  assert "256 x v5e at 40% of 197 TFLOP/s" in text
  assert not list(tmp_path.iterdir())


def test_hours_are_flops_over_what_the_chips_do(uncompiled):
  study = load_study(str(CONFIGS / "paper.py"))
  chip = chips.find("h100")
  groups = dry_run.groups_of(study.ordered(), chip=chip, devices=64)
  assert sum(p.runs for p in groups) == len(study.ordered())
  flops = sum(run.flops for run in study.ordered())
  assert sum(p.flops for p in groups) == pytest.approx(flops)
  evaluated = sum(p.evaluation_flops for p in groups)
  hours = sum(p.hours(chip, 64, 0.5) for p in groups)
  expected = (flops + evaluated) / (64 * 989e12 * 0.5) / 3600
  assert hours == pytest.approx(expected)
  assert 0 < evaluated < 0.1 * flops


def test_the_shipped_study_for_one_gpu_fits_24_gb(uncompiled):
  study = load_study(str(CONFIGS / "gpu.py"), arguments=["c4=true"])
  assert study.name == "gpu" and "n126m" not in dry_run.tell(
    study, chip="rtx4090", devices=1
  )


def test_the_shipped_study_for_one_gpu_begins_on_the_catalogue():
  study = load_study(str(CONFIGS / "gpu.py"))
  sources = {name for run in study.ordered() for name in run.pretraining}
  assert not [name for name in sources if ":" in name]
  assert len(study.runs) == 72


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
  done = called(*command)
  assert done.returncode == 2
  assert line in done.stderr
  assert len(done.stderr.strip().splitlines()) == 1


def test_a_study_is_not_done_by_a_dry_run(uncompiled, finetuning, tmp_path):
  toy = Study(name="toy", runs=(finetuning,))
  assert "2 runs" in dry_run.tell(toy, chip="cpu", devices=2)
  with pytest.raises(InputError, match="expected 1 or more"):
    dry_run.tell(toy, chip="cpu", devices=0)
  assert not list(tmp_path.glob("toy"))


def test_what_methods_cost_is_said(uncompiled, finetuning):
  """By method, and what is measured at base once a parent."""
  tried = (EWC(strength=1, sequences=8), EWC(strength=2, sequences=8))
  others = (LoRA(rank=2), KL(strength=1))
  runs = [
    dataclasses.replace(finetuning, method=method)
    for method in (*tried, *others)
  ]
  toy = Study(name="toy", runs=(finetuning, *runs))
  groups = dry_run.groups_of(toy.ordered(), chip=chips.find("cpu"), devices=1)
  flops = {group.told: group.flops for group in groups}
  full = flops["fine-tuning"]
  assert flops["fine-tuning, lora-r2"] == full * 2 // 3
  assert flops["fine-tuning, kl"] == full * 4 // 3
  once = 8 * finetuning.model.context * finetuning.model.flops_per_token
  assert flops["fine-tuning, ewc"] == 2 * full + once
  text = dry_run.tell(toy, chip="cpu", devices=1)
  assert "ewc: before the first step 8 sequences forward and backward" in text
  assert "kl: four thirds of it: base's logits are computed beside" in text


def test_what_parents_write_is_said(uncompiled, finetuning):
  own = dataclasses.replace(finetuning, replay_source=SelfText(chunks=64))

  def tell(*runs) -> str:
    study = Study(name="toy", runs=runs)
    return dry_run.tell(study, chip="cpu", devices=1)

  told = tell(own, finetuning)
  assert "6.22k writes 64 chunks or more for its children, 32 at once" in told
  beside = dataclasses.replace(finetuning, beside=("self",))
  assert "writes 16 chunks" in tell(beside)
  assert "writes" not in tell(finetuning)


def test_what_does_not_fit_is_told_what_would(uncompiled, finetuning):
  """In more parts where that helps; else the other ways."""
  model = dataclasses.replace(finetuning.model, context=4096)
  large = dataclasses.replace(
    finetuning.parent, model=model, batch_size=64, micro_batches=1
  )
  toy = Study(name="toy", runs=(large,))
  [group] = dry_run.groups_of([large], chip=chips.find("h100"), devices=1)
  halves = dataclasses.replace(large, micro_batches=2)
  [less] = dry_run.groups_of([halves], chip=chips.find("h100"), devices=1)
  assert less.memory < group.memory

  def told(name, memory):
    chip = dataclasses.replace(chips.find("h100"), memory=int(memory / 0.92))
    with pytest.MonkeyPatch.context() as patched:
      patched.setattr(
        dry_run, "find", lambda _: dataclasses.replace(chip, name=name)
      )
      return dry_run.tell(toy, chip=name, devices=1)

  def line(name, memory):
    with pytest.raises(InputError) as error:
      told(name, memory)
    return str(error.value)

  def parts(memory):
    head, row = told("h100", memory).splitlines()[1:3]
    at = head.split().index("parts")
    return row.replace("k pretraining", "").replace(" x ", "x").split()[at]

  assert parts(group.memory + 99) == "1"
  assert parts(less.memory + 99) == "2" and parts(less.memory - 99) == "4"
  assert "no Run.micro_batches would fit (now 1)" in line("h100", 1e6)
  # whose memory is not told to a run
  few = line("cpu", less.memory + 99)
  assert "; Run.micro_batches = 2 would fit (now 1)" in few
