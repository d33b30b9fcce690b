"""What several test files of this folder share."""

import dataclasses
import os
import pathlib

import pytest
from tpu_profiles import ROOT, SKYPILOT

from forgetting.config import Replay, Study
from forgetting.launch import slurm_queue
from forgetting.launch.jobs import Launch


@pytest.fixture
def study(finetuning, text) -> Study:
  """Two domains, three injections, two seeds; one parent."""
  runs = (
    dataclasses.replace(finetuning, domain=text[d], injection=p, seed=s)
    for d in ("law", "poems") for p in (0, 0.05, 0.25) for s in (0, 1)
  )  # fmt: skip
  return Study(name="toy", runs=tuple(runs))


@pytest.fixture
def chain(finetuning) -> Study:
  """Two parents, five children each, and a chain of replays."""
  other = dataclasses.replace(finetuning.parent, seed=1)
  runs = [
    dataclasses.replace(finetuning, parent=parent, injection=i / 10)
    for parent in (finetuning.parent, other)
    for i in range(5)
  ]
  probe = dataclasses.replace(
    finetuning, injection=0, replay=Replay(pool=8, probe=True)
  )
  replayed = dataclasses.replace(
    finetuning, replay=Replay(pool=8, measured_in=probe)
  )
  return Study(name="toy", runs=(*runs, replayed))


@pytest.fixture
def no_slurm(monkeypatch):
  """SLURM's commands are not on this machine."""
  monkeypatch.setattr(slurm_queue.shutil, "which", lambda name: None)


@pytest.fixture
def slurm_launch(chain, no_slurm, tmp_path) -> Launch:
  """All of the chain, where there is no SLURM."""
  return Launch(
    study_file="toy.py", study=chain, root=str(tmp_path / "runs"),
    todo=chain.ordered(),
  )  # fmt: skip


@pytest.fixture
def pods_launch(finetuning) -> Launch:
  """Two sizes of parents, with two children and one."""
  other = dataclasses.replace(
    finetuning, parent=dataclasses.replace(finetuning.parent, seed=1)
  )
  runs = (finetuning, other, dataclasses.replace(finetuning, seed=3))
  study = Study(name="my_study", runs=runs)
  return Launch(
    study_file="toy.py",
    study=study,
    root=ROOT,
    todo=study.ordered(),
    profile=SKYPILOT,
    profile_file="tpu.toml",
  )


@pytest.fixture
def at_home(pods_launch, bucket, text, monkeypatch) -> Launch:
  """The folder has the text in it, and the root is a bucket's."""
  here = pathlib.Path(next(iter(text.values()))).parent
  monkeypatch.chdir(here)
  (here / "constraints.txt").touch()

  def moved(run):
    return dataclasses.replace(
      run,
      domain=run.domain and os.path.relpath(run.domain),
      pretraining=tuple(map(os.path.relpath, run.pretraining)),
      parent=run.parent and moved(run.parent),
    )

  runs = tuple(moved(run) for run in pods_launch.study.runs)
  study = Study(name="toy", runs=tuple(r for r in runs if r.parent))
  return dataclasses.replace(
    pods_launch, study=study, todo=study.ordered(), root=bucket
  )
