"""Arrays and scripts for SLURM, without one."""

import dataclasses
import re
import shlex
import subprocess

import pytest

from forgetting.config import InputError, Replay, Run, Study
from forgetting.launch import slurm, slurm_queue, template
from forgetting.launch.jobs import Launch
from forgetting.launch.slurm_arrays import Element, arrays


@pytest.fixture(autouse=True)
def no_slurm(monkeypatch):
  monkeypatch.setattr(slurm_queue.shutil, "which", lambda name: None)


@pytest.fixture
def study(finetuning) -> Study:
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
def launch(study, tmp_path) -> Launch:
  return Launch(
    study_file="toy.py", study=study, root=str(tmp_path / "runs"),
    todo=study.ordered(),
  )  # fmt: skip


def of(study: Study, *, at_most: int = 100, **given):
  todo = given.pop("todo", study.ordered())
  given = dict(queued={}, salt="") | given
  return arrays(todo, at_most=at_most, **given)


@pytest.mark.parametrize("at_most", [1, 2, 3, 100])
def test_every_run_once_and_after_all_that_it_needs(study, at_most):
  placed: dict[tuple[str, int], Run] = {}
  for array in of(study, at_most=at_most):
    assert 0 < len(array.runs) <= at_most
    waited_for = {placed[e.job, e.index] for e in array.after}
    for index, run in enumerate(array.runs):
      assert set(run.needs) == waited_for
      placed[array.key, index] = run
  assert sorted(r.name for r in placed.values()) == sorted(
    run.name for run in study.ordered()
  )


def test_an_array_a_parent(study):
  # the parents; children of each; the replays, which need two runs
  assert sorted(len(array.runs) for array in of(study)) == [1, 2, 5, 6]


def test_what_is_queued_is_waited_for_and_what_is_done_is_not(study):
  parent, *_ = study.ordered()
  todo = [run for run in study.ordered() if run.parent == parent][:2]
  (done,) = of(study, todo=todo)
  assert done.after == ()
  element = Element("17", 3)
  (queued,) = of(study, todo=todo, queued={parent.name: element})
  assert queued.after == (element,)


def test_what_would_be_submitted(launch):
  files = slurm.render(launch)
  scripts = [text for name, text in files.items() if name.endswith(".sbatch")]
  names = [text for name, text in files.items() if name.endswith(".names")]
  assert sorted("".join(names).split()) == sorted(r.name for r in launch.todo)
  for script in scripts:
    subprocess.run(["bash", "-n"], input=script, text=True, check=True)
    assert "{{" not in script
    assert "--partition" not in script and "--gpus" not in script
    assert "#SBATCH --signal=TERM@120" in script
  lines = files["submit.sh"].splitlines()
  assert len(lines) == len(scripts)
  first = re.match(r"(\w+)=", lines[0])[1]
  assert f"--dependency=afterok:${{{first}}}_0" in files["submit.sh"]
  assert "--kill-on-invalid-dep=yes" in lines[1]


def test_a_profile_is_in_the_script(launch):
  profile = dict(
    partition="gpu", account="me", qos="long", time="8:00:00", nodes=2,
    gpus=4, cpus=8, memory="64G", container="/images/jax 1.sqsh",
    setup=["module load cuda"], options=["--constraint=a100"], at_once=3,
  )  # fmt: skip
  # replays are one process's
  todo = tuple(run for run in launch.todo if run.replay is None)
  script = next(
    iter(
      slurm.render(
        dataclasses.replace(launch, profile=profile, todo=todo)
      ).values()
    )
  )
  for line in (
    "#SBATCH --partition=gpu", "#SBATCH --account=me", "#SBATCH --qos=long",
    "#SBATCH --time=8:00:00", "#SBATCH --nodes=2", "#SBATCH --mem=64G",
    "#SBATCH --ntasks-per-node=4", "#SBATCH --gpus-per-node=4",
    "#SBATCH --cpus-per-task=8", "#SBATCH --constraint=a100",
    "#SBATCH --array=0-1%3", "module load cuda",
  ):  # fmt: skip
    assert f"\n{line}\n" in script, line
  (srun,) = (line for line in script.splitlines() if line.startswith("srun"))
  words = shlex.split(srun)
  assert "--container-image=/images/jax 1.sqsh" in words
  assert words[-7:-4] == ["forgetting", "run", words[-5]]
  assert words[-4:-2] == ["--name", "$name"]


@pytest.mark.parametrize(
  ("profile", "line"),
  [
    (dict(partitoin="a"), "did you mean 'partition'?"),
    (dict(nodes=0), "nodes: found 0, expected 1 or more"),
    (dict(nodes=2), "expected one: "),
    (dict(template="absent.sbatch"), "found no file absent.sbatch"),
  ],
)
def test_what_does_not_hold_is_refused(launch, profile, line):
  launch = dataclasses.replace(launch, profile=profile)
  with pytest.raises(InputError, match=re.escape(line)) as error:
    slurm.render(launch)
  assert "\n" not in str(error.value)


def test_without_slurm_nothing_is_submitted(launch):
  with pytest.raises(InputError, match="found no sbatch, squeue, scontrol"):
    slurm.check(launch)
  with pytest.raises(InputError, match="expected a folder that all nodes see"):
    slurm.check(dataclasses.replace(launch, root="gs://bucket"))


def test_a_template_of_ones_own(launch, tmp_path):
  mine = tmp_path / "mine.sbatch"
  mine.write_text(
    "#SBATCH --array={{array}}\n#SBATCH --qos={{qos}}\n{{worker}}"
  )
  own = dataclasses.replace(launch, profile={"template": str(mine)})
  script = next(iter(slurm.render(own).values()))
  assert script.startswith("#SBATCH --array=0-1\n") and "qos" not in script
  with pytest.raises(InputError, match="found {{arary}}, expected some of a"):
    template.fill("{{arary}}", {"a": "1"}, where="mine")


def test_the_queue_is_read(study, tmp_path, monkeypatch):
  first, second, third, fourth, *_ = names = [r.name for r in study.runs]
  (tmp_path / "0a1b2c3d.names").write_text("\n".join(names))
  lines = [
    "forgetting-0a1b2c3d|40|0|RUNNING", "forgetting-0a1b2c3d|40|1|PENDING",
    "forgetting-0a1b2c3d|40|2|COMPLETED", "forgetting-0a1b2c3d|40|3|REQUEUED",
    "another|41|0|RUNNING",
  ]  # fmt: skip
  monkeypatch.setattr(slurm_queue.shutil, "which", lambda name: name)
  monkeypatch.setattr(slurm_queue, "_ask", lambda *command: lines)
  queue = slurm_queue.queue_of(tmp_path)
  assert {name: q.state for name, q in queue.items()} == {
    first: "running", second: "queued", fourth: "queued",
  }  # fmt: skip
  assert queue[second].element == Element("40", 1) and third not in queue
