"""Studies on a real SLURM: what a run needs, what hits it, what comes out."""

import dataclasses
import json
import pathlib
import subprocess
import sys
import time

import numpy as np
import pytest

from forgetting import records
from forgetting.config import Run, Study, canonical
from forgetting.records import RunDirectory
from forgetting.study import study as study_lib

pytestmark = pytest.mark.slurm

SECONDS = 240  # that anything may take at most
LOSSES = ["pretrain_loss", "base_pretrain_loss", "target_loss"]

STUDY = """\
import json
from forgetting.config.canonical import from_dict
from forgetting.config import Run, Study
RUNS = json.loads({runs!r})
def study():
  return Study(name="toy", runs=tuple(from_dict(Run, r) for r in RUNS))
"""


@dataclasses.dataclass(frozen=True)
class Launched:
  """A study file in a folder of its own, and its launches."""

  folder: pathlib.Path
  cluster: object
  runs: tuple[Run, ...]

  def write(self, **profile) -> None:
    runs = [json.loads(canonical.to_json(run)) for run in self.runs]
    text = STUDY.format(runs=json.dumps(runs))
    (self.folder / "toy.py").write_text(text)
    # as a worker of this machine does it: the same bits
    profile.setdefault("setup", ["export OMP_NUM_THREADS=1", XLA])
    lines = (f"{k} = {json.dumps(v)}\n" for k, v in profile.items())
    (self.folder / "mine.toml").write_text("".join(lines))

  def study(self, *arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(
      [
        sys.executable, "-m", "forgetting", "study", "toy.py", "--on", "slurm",
        *arguments,
      ],
      cwd=self.folder, capture_output=True, text=True, check=False,
    )  # fmt: skip

  def submit(self, *arguments: str) -> str:
    done = self.study("--profile", "mine.toml", *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout

  def directory(self, run: Run) -> RunDirectory:
    return RunDirectory.of(self.folder / "runs", "toy", run)

  def log(self, run: Run) -> str:
    file = self.directory(run).path / "log.txt"
    return file.read_text() if file.exists() else ""

  def jobs(self) -> list[list[str]]:
    """Id, state and nodes of every task that is queued."""
    lines = self.cluster.ask(
      "squeue", "--noheader", "--array", "--format=%A %T %N"
    )
    return [line.split() for line in lines.splitlines()]

  def wait(self, what, why: str) -> None:
    """Until `what()`; a requeued job does not wait its two minutes."""
    hurried = {}  # job -> turn
    for turn in range(10 * SECONDS):
      if what():
        return
      for job, state, *_ in self.jobs() if turn % 5 == 0 else ():
        if state == "PENDING" and turn - hurried.get(job, -50) >= 50:
          hurried[job] = turn
          self._start_soon(job)
      time.sleep(0.1)
    logs = "\n".join(map(self.log, self.runs))
    raise TimeoutError(f"{why}: {self.jobs()}\n{logs}")

  def _start_soon(self, job: str) -> None:
    """Not at once: in the second of its requeue SLURM takes it for killed."""
    update = ["update", f"jobid={job}", "StartTime=now+2"]
    subprocess.run(["scontrol", *update], capture_output=True, check=False)

  def wait_for_results(self, *runs: Run) -> None:
    there = [self.directory(run) for run in runs]
    self.wait(lambda: all(d.done for d in there), "no result")
    self.wait(lambda: not self.jobs(), "jobs are left")

  def wait_for_attempt(self, run: Run, number: int) -> None:
    """Until the run trains, for that time."""

    def trains() -> bool:
      directory = self.directory(run)
      begun = directory.attempt().get("attempts", 0) >= number
      return begun and self.steps_of_attempt(run) >= 1

    self.wait(trains, f"attempt {number} has not begun")

  def steps_of_attempt(self, run: Run) -> int:
    """Evaluations since the newest attempt began."""
    directory = self.directory(run)
    begun = (directory.path / "attempt.json").stat().st_mtime
    file = directory.path / "records.jsonl"
    return int(file.exists() and file.stat().st_mtime > begun)


def lasting(finetuning: Run, *, steps: int) -> Run:
  """A fine-tuning that does not stop early, and measures little."""
  evaluation = dataclasses.replace(
    finetuning.evaluation, points=40, patience=99
  )
  return dataclasses.replace(
    finetuning, injection=0, steps=steps, evaluation=evaluation
  )


XLA = "export XLA_FLAGS=--xla_cpu_multi_thread_eigen=false"


@pytest.fixture
def launched(cluster, cache, tmp_path):
  def make(*runs: Run, **profile) -> Launched:
    out = Launched(tmp_path, cluster, Study(name="toy", runs=runs).ordered())
    out.write(**profile)
    return out

  yield make
  cluster.ask("scancel", "--user=root")


def local(runs, root: pathlib.Path):
  """The same runs by this machine's workers."""
  study_lib.do_study(Study(name="toy", runs=runs), root=str(root))
  return records.load(root / "toy")


def assert_as_local(launched: Launched, tmp_path: pathlib.Path) -> None:
  there = records.load(launched.folder / "runs" / "toy")
  here = local(launched.runs, tmp_path / "here")
  assert list(there.run) == sorted(run.name for run in launched.runs)
  assert list(there.status) == ["done"] * len(launched.runs)
  np.testing.assert_allclose(there[LOSSES], here[LOSSES], rtol=1e-6)
  assert (there.best_step == here.best_step).all()


def test_a_study_is_done_once_and_equals_the_local_one(
  launched, finetuning, tmp_path
):
  grid = [
    dataclasses.replace(finetuning, injection=p) for p in (0, 0.1, 0.2, 0.3)
  ]
  here = launched(*grid)
  # more children than an array may have tasks: 1 + 3 + 1
  told = here.submit()
  assert "submitted 5 runs in 3 arrays" in told
  assert "submitted 0 runs in 0 arrays; 5 were queued already" in here.submit()
  status = here.study("--status").stdout
  assert "0 of 5 runs done" in status
  here.wait_for_results(*here.runs)
  assert_as_local(here, tmp_path)
  # every run was begun once, and has one log
  for run in here.runs:
    assert here.directory(run).attempt()["attempts"] == 1
    assert here.directory(run).result()["restarts"] == 0
    assert here.log(run).count("=== attempt") == 1
    assert here.log(run).endswith("=== ended with 0\n")
  assert "5 of 5 runs done" in here.study("--status").stdout
  assert "nothing to submit" in here.submit()
  # a result that is lost is made again, alone
  (here.directory(grid[0]).path / "result.json").unlink()
  assert "submitted 1 runs in 1 arrays" in here.submit()
  here.wait_for_results(grid[0])


def test_a_run_that_is_hit_again_and_again_ends_as_if_it_were_not(
  launched, finetuning, cluster, tmp_path
):
  """A requeue, a pre-emption, a node that is lost; once each."""
  long = lasting(finetuning, steps=4000)
  here = launched(long)
  here.submit()
  here.wait_for_attempt(long, 1)
  job = here.jobs()[0][0]
  cluster.ask("scontrol", "requeue", job)

  here.wait_for_attempt(long, 2)
  cluster.ask(
    "sbatch", "--partition=high", "--nodes=2", "--exclusive", "--parsable",
    "--output=/dev/null", "--wrap=sleep 1",
  )  # fmt: skip

  here.wait_for_attempt(long, 3)
  ((_, _, node),) = here.jobs()
  cluster.ask("scontrol", "update", f"node={node}", "state=down", "reason=test")
  here.wait_for_attempt(long, 4)
  ((_, _, other),) = here.jobs()
  assert other != node
  cluster.ask("scontrol", "update", f"node={node}", "state=resume")

  here.wait_for_results(long)
  assert_as_local(here, tmp_path)
  result = here.directory(long).result()
  assert result["restarts"] == 3
  # it went on and did not begin anew
  assert result["seconds"]["earlier attempts"] > 0
  assert here.log(long).count("=== attempt") == 4
  assert "restarts 3" in here.log(long)
  steps = [r["step"] for r in here.directory(long).records()]
  assert steps == sorted(set(steps))


def test_at_its_time_limit_a_run_saves_and_goes_on(launched, finetuning):
  long = lasting(finetuning, steps=10**6)
  here = launched(long)
  here.submit("--limit", "1")
  here.wait_for_results(long.parent)
  # a minute to start in, a minute to save in, also on a busy machine
  here.write(time="2", save_seconds=60)
  here.submit()
  here.wait_for_attempt(long, 2)
  assert here.log(long).count("=== ended with 75") >= 1
  assert list(here.directory(long).checkpoints.glob("*"))
  ((job, *_),) = here.jobs()
  assert f"running: {long.name}" in here.study("--status").stdout
  here.cluster.ask("scancel", job)
  here.wait(lambda: not here.jobs(), "it is not cancelled")


def test_restarts_are_bounded(launched, finetuning):
  # never done, always saved
  here = launched(finetuning, program="bash -c 'exit 75' -", max_restarts=1)
  here.submit("--limit", "1")
  here.wait(lambda: not here.jobs(), "its restarts are not bounded")
  log = here.log(finetuning.parent)
  assert log.count("=== ended with 75") == 2
  status = here.study("--status").stdout
  assert f"failed: {finetuning.parent.name}" in status
  assert "restarted 2 times, expected at most 1" in status


def test_two_nodes_train_one_run(launched, finetuning, tmp_path):
  here = launched(finetuning.parent, nodes=2)
  here.submit()
  here.wait_for_results(finetuning.parent)
  directory = here.directory(finetuning.parent)
  assert directory.result()["processes"] == 2
  there = records.load(here.folder / "runs" / "toy")
  alone = local(here.runs, tmp_path / "here")
  np.testing.assert_allclose(
    there.pretrain_loss, alone.pretrain_loss, rtol=3e-5
  )


def test_a_failed_parent_is_told_and_its_children_do_not_wait(
  launched, finetuning
):
  here = launched(finetuning, program="no-such-program", gpus=2)
  here.submit()
  here.wait(lambda: not here.jobs(), "the child still waits")
  status = here.study("--status").stdout
  assert "no-such-program" in status
  assert f"{finetuning.name}: needs {finetuning.parent.name}" in status
  assert not here.log(finetuning)  # it was never begun
  # mended, both are submitted again; a task sees the GPUs of its node
  here.write(setup=['echo "GPUs $CUDA_VISIBLE_DEVICES"'], gpus=2)
  assert "submitted 2 runs" in here.submit()
  here.wait_for_results(*here.runs)
  assert "GPUs 0,1" in here.log(finetuning)


def test_what_sbatch_refuses_is_told_in_one_line(launched, finetuning):
  here = launched(finetuning, partition="nowhere")
  done = here.study("--profile", "mine.toml")
  assert done.returncode == 2
  assert len(done.stderr.splitlines()) == 1
  assert "invalid partition specified: nowhere" in done.stderr
  assert not here.jobs()
