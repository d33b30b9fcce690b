"""`forgetting study --on ...` from a shell."""

import json
import pathlib
import subprocess
import sys

import pytest

from forgetting.config import canonical

STUDY = """\
import json
from forgetting.config.canonical import from_dict
from forgetting.config import Run, Study
RUN = json.loads({run!r})
def study(domains=(), pretraining=()):
  return Study(name="toy", runs=(from_dict(Run, RUN),))
"""


def command(folder, *arguments, python=sys.executable):
  return subprocess.run(
    [str(python), "-m", "forgetting", *arguments],
    cwd=folder, capture_output=True, text=True, check=False,
  )  # fmt: skip


@pytest.fixture
def folder(finetuning, tmp_path) -> pathlib.Path:
  text = STUDY.format(run=canonical.to_json(finetuning))
  (tmp_path / "toy.py").write_text(text)
  return tmp_path


def test_a_dry_run_costs_it_and_shows_what_would_be_submitted(folder):
  done = command(
    folder, "study", "toy.py", "--on", "slurm", "--dry-run", "--chip", "cpu"
  )
  assert done.returncode == 0, done.stderr
  assert "FLOPs" in done.stdout and "h:mm" in done.stdout
  assert "#SBATCH --array=0-0" in done.stdout
  assert "sbatch --parsable --dependency=afterok:" in done.stdout
  assert f"run {folder}/toy.py --name" in done.stdout
  # nothing was written
  assert [file.name for file in folder.iterdir()] == ["toy.py"]


@pytest.mark.parametrize(
  ("arguments", "line"),
  [
    (("--on", "slum"), "--on: found 'slum', expected one of local, slurm"),
    (("--only", "domain=kjv"), "found domain=kjv, expected some of law"),
    (("--limit", "0"), "--limit: found 0, expected 1 or more"),
    (("--profile", "a.toml"), "found no file a.toml"),
    (("--status", "--on", "slum"), "--on: found 'slum'"),
  ],
)
def test_bad_input_is_one_line(folder, arguments, line):
  done = command(folder, "study", "toy.py", *arguments)
  assert done.returncode == 2
  assert line in done.stderr and len(done.stderr.splitlines()) == 1


def test_a_profile_is_for_an_engine(folder):
  (folder / "mine.toml").write_text('partition = "a"\n')
  done = command(folder, "study", "toy.py", "--profile", "mine.toml")
  assert done.returncode == 2
  assert "goes with --on slurm, skypilot, gke" in done.stderr


@pytest.mark.slow
def test_here_a_study_is_done_in_parts(cache, folder, finetuning):
  reckon = ("study", "toy.py", "--dry-run", "--chip", "cpu", "--names")
  told = command(folder, *reckon).stdout
  assert finetuning.name in told and "single-threaded" in told
  first = command(folder, "study", "toy.py", "--limit", "1")
  assert first.returncode == 0, first.stderr
  status = command(folder, "study", "toy.py", "--status").stdout
  assert "toy: 1 of 2 runs done" in status and "time left: about" in status
  rest = command(folder, "study", "toy.py", "--only", "domain=law")
  assert rest.returncode == 0, rest.stderr
  directory = folder / "runs" / "toy" / finetuning.name
  log = (directory / "log.txt").read_text()
  assert log.startswith("=== attempt") and log.endswith("=== ended with 0\n")
  result = json.loads((directory / "result.json").read_text())
  assert result["restarts"] == 0


def test_a_failed_run_is_listed_with_its_log(cache, folder, finetuning):
  parent = folder / "runs" / "toy" / finetuning.parent.name
  parent.mkdir(parents=True)
  (parent / "config.json").write_text(canonical.to_json(finetuning))
  done = command(folder, "study", "toy.py")
  assert done.returncode == 1
  log = parent / "log.txt"
  assert f"(see runs/toy/{parent.name}/log.txt)" in done.stderr
  assert "found another run's config" in log.read_text()
  status = command(folder, "study", "toy.py", "--status").stdout
  assert f"failed: {parent.name}: " in status
  assert f"waiting: {finetuning.name}: needs {parent.name}, which" in status


def test_the_run_verb_takes_the_study_by_name_too(folder):
  listed = command(folder, "run", "--study", "toy.py")
  assert listed.returncode == 0 and len(listed.stdout.splitlines()) == 2
  for arguments in ((), ("toy.py", "--study", "toy.py")):
    done = command(folder, "run", *arguments)
    assert done.returncode == 2 and "one of them" in done.stderr
