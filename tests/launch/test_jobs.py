"""What is launched: filters, what is missing, profiles, what becomes of it."""

import dataclasses

import pytest

from forgetting.config import InputError, Optimizer, Run, Study
from forgetting.config.saves import Saves
from forgetting.launch import engines, jobs, local, profile, selection, status
from forgetting.launch.jobs import Launch
from forgetting.records import RunDirectory
from forgetting.records import log as run_log
from forgetting.storage import claims


@pytest.fixture
def study(finetuning, text) -> Study:
  """Two domains, three injections, two seeds; one parent."""
  runs = (
    dataclasses.replace(finetuning, domain=text[d], injection=p, seed=s)
    for d in ("law", "poems") for p in (0, 0.05, 0.25) for s in (0, 1)
  )  # fmt: skip
  return Study(name="toy", runs=tuple(runs))


def write_result(root, run: Run, **columns) -> None:
  directory = RunDirectory.of(root, "toy", run)
  directory.create(run)
  directory.write_result(dict(status="done", wall_seconds=10.0) | columns)


@pytest.mark.parametrize(
  ("only", "count"),
  [
    ("", 12), ("domain=law", 6), ("domain=law,poems", 12), ("domain!=law", 6),
    ("injection=0.05", 4), ("injection=5e-2 domain=law seed=1", 1),
    ("injection<0.25", 8), ("injection<=0.25 injection>0", 8),
    ("model_params<1e6", 12), ("seed==1", 6),
  ],
)  # fmt: skip
def test_a_filter_chooses_runs_and_what_they_need(study, only, count):
  runs = selection.chosen(study, only)
  assert runs[0].parent is None
  assert len(runs) == count + 1
  assert list(runs) == [run for run in study.ordered() if run in runs]


@pytest.mark.parametrize(
  ("only", "line"),
  [
    (
      "domian=law",
      "found axis 'domian'; there are domain law, poems; model_pa",
    ),
    ("domain=kjv", "found domain=kjv, expected some of law, poems"),
    ("injection=0.3", "found injection=0.3, expected some of 0, 0.05, 0.25"),
    ("domain<3", "found domain<3, expected a number to compare"),
    ("injection<many", "expected a number to compare; injection has 0, 0.05"),
    ("law", "found 'law', expected AXIS=VALUE"),
    ("seed>5", "found no run with seed>5; there are domain law"),
  ],
)
def test_a_filter_that_does_not_fit_is_told_what_there_is(study, only, line):
  with pytest.raises(InputError) as error:
    selection.chosen(study, only)
  assert line in str(error.value).replace("0.0,", "0,")
  assert "\n" not in str(error.value)


def test_what_is_missing(study, tmp_path):
  parent, first, *rest = runs = study.ordered()

  def missing():
    return jobs.outstanding(study, runs, root=str(tmp_path))

  assert missing() == runs
  write_result(tmp_path, parent)
  assert missing() == (first, *rest)
  # of a run that has diverged there is a result
  write_result(tmp_path, first, status="diverged")
  assert missing() == tuple(rest)
  # but nothing can start from it
  write_result(tmp_path, parent, status="diverged")
  assert missing() == ()


def test_a_worker_is_told_what_the_user_typed(study):
  launch = Launch(
    study_file="a b.py", study=study, root="runs", todo=study.runs,
    domain=("law", "poems"), saves=Saves(every=50, best=True),
  )  # fmt: skip
  assert launch.worker("x") == [
    "run", "a b.py", "--name", "x", "--root", "runs",
    "--domain", "law", "poems", "--save-every", "50", "--keep-best",
  ]  # fmt: skip


def test_an_unknown_engine_is_told_which_there_are():
  with pytest.raises(InputError, match="one of local, slurm, skypilot, gke"):
    engines.find("slum")


@dataclasses.dataclass(frozen=True)
class Toy:
  name: str
  count: int = 1
  lines: tuple[str, ...] = ()
  time: str | None = None


def test_a_profile_is_read(tmp_path):
  file = tmp_path / "mine.toml"
  file.write_text('name = "a"\nlines = ["x", "y"]\ntime = "1:00"\n')
  values = profile.read(str(file))
  read = profile.settings(Toy, values, where=str(file))
  assert read == Toy(name="a", lines=("x", "y"), time="1:00")
  assert profile.read(None) == {}


@pytest.mark.parametrize(
  ("values", "line"),
  [
    (dict(name="a", cuont=2), "found 'cuont', expected some of name, count"),
    (dict(name="a", cuont=2), "did you mean 'count'?"),
    (dict(count=2), "name is missing"),
    (dict(name=3), "name: found 3, expected a string"),
    (dict(name="a", count=True), "count: found True, expected a whole number"),
    (dict(name="a", lines="x"), "lines: found 'x', expected a list of strings"),
    (dict(name="a", time=60), "time: found 60, expected a string"),
  ],
)
def test_a_profile_that_does_not_hold_is_told(values, line):
  with pytest.raises(InputError) as error:
    profile.settings(Toy, values, where="mine.toml")
  assert str(error.value).startswith("mine.toml: ") and line in str(error.value)


def test_a_file_that_is_no_profile(tmp_path):
  with pytest.raises(InputError, match="found no file"):
    profile.read(str(tmp_path / "absent.toml"))
  (tmp_path / "mine.toml").write_text("time = 1:00")
  with pytest.raises(InputError, match="expected TOML"):
    profile.read(str(tmp_path / "mine.toml"))


def test_what_has_become_of_runs_and_how_long_the_rest_takes(study, tmp_path):
  parent, *rest = runs = study.ordered()
  write_result(tmp_path, parent, wall_seconds=100.0)
  for run in rest[:4]:
    write_result(tmp_path, run)
  running = RunDirectory.of(tmp_path, "toy", rest[4])
  running.create(rest[4])
  running.append(dict(step=rest[4].steps // 2))
  failed = RunDirectory.of(tmp_path, "toy", rest[5]).path / run_log.NAME
  run_log.append(failed, "=== attempt\nforgetting: no room\n=== ended with 2\n")
  write_result(tmp_path, rest[6], status="diverged", stop_reason="found nan")
  queue = {rest[4].name: "running", rest[7].name: "waiting"}
  states = status.states(study, runs, root=str(tmp_path), queue=queue)
  words = [state.word for state in states]
  assert (
    words == ["done"] * 5 + ["running", "failed", "failed"] + ["waiting"] * 5
  )
  told = status.told(study, states)
  assert told.startswith("toy: 5 of 13 runs done\n")
  assert f"failed: {rest[5].name}: no room (see {failed})" in told
  assert f"failed: {rest[6].name}: diverged: found nan" in told
  assert f"running: {rest[4].name}, step 5 of 10" in told
  # four done in 10 s each: five and a half are left, one at once
  assert "time left: about 0:00:55 with 1 at once" in told


def test_what_needs_a_failed_run_has_failed(study, tmp_path):
  parent, *rest = runs = study.ordered()
  log = RunDirectory.of(tmp_path, "toy", parent).path / run_log.NAME
  run_log.append(log, "=== attempt\nforgetting: bad\n=== ended with 2\n")
  states = status.states(study, runs, root=str(tmp_path), queue={})
  assert {state.word for state in states} == {"failed"}
  assert states[1].reason == f"needs {parent.name}, which failed"
  # mended and queued again
  queue = {run.name: "waiting" for run in rest}
  states = status.states(study, runs, root=str(tmp_path), queue=queue)
  assert [state.word for state in states] == ["failed"] + ["waiting"] * 12


def test_a_run_runs_while_its_process_holds_it(study, tmp_path):
  parent, first, *_ = runs = study.ordered()
  for run in (parent, first):
    directory = RunDirectory.of(tmp_path, "toy", run)
    directory.create(run)
    assert directory.begin_attempt() == 0
    assert directory.begin_attempt() == 1
  with claims.claimed(RunDirectory.of(tmp_path, "toy", first).path, "first"):
    claim = claims.take(RunDirectory.of(tmp_path, "toy", parent).path, "parent")
    both = {parent.name, first.name}
    assert local.running(study, runs, root=str(tmp_path)) == both
    claim.release()
    assert local.running(study, runs, root=str(tmp_path)) == {first.name}
  file = RunDirectory.of(tmp_path, "toy", first).path / claims.NAME
  gone = dataclasses.replace(claims.Holder.own(), pid=999999999)
  file.write_bytes(gone.to_bytes())
  assert not local.running(study, runs, root=str(tmp_path))


def test_a_child_of_a_diverged_parent_is_refused(finetuning, tmp_path):
  from forgetting.study import single

  wild = dataclasses.replace(
    finetuning.parent, optimizer=Optimizer(peak_lr=1.0)
  )
  run = dataclasses.replace(finetuning, parent=wild)
  study = Study(name="toy", runs=(run,))
  write_result(tmp_path, wild, status="diverged", stop_reason="found nan")
  with pytest.raises(InputError, match="diverged, expected parameters"):
    single.do(study, run, root=str(tmp_path), saves=Saves())
