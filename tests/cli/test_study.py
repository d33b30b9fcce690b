"""`forgetting study`: four commands, and the options that each refuses."""

import dataclasses
import json

from command import called
import pytest
from small import study_file

from forgetting.cli import study as study_lib
from forgetting.config import InputError
from forgetting.cost import dry_run
from forgetting.launch import engines
from forgetting.study import crew
from forgetting.study import study as do_lib
from forgetting.study.summary import Summary


@pytest.fixture
def folder(finetuning, tmp_path):
  (tmp_path / "toy.py").write_text(study_file(finetuning))
  return tmp_path


def asked_of_the_study(monkeypatch, outcome) -> dict:
  """What `do_study` was called with; `outcome` stands for what it does."""
  asked = {}

  def do_study(study, **options):
    asked.update(options, study=study)
    if isinstance(outcome, BaseException):
      raise outcome
    return outcome

  monkeypatch.setattr(do_lib, "do_study", do_study)
  monkeypatch.setattr(
    study_lib, "write_page", lambda table, **_: print(f"page: {table}")
  )
  return asked


@pytest.mark.parametrize(
  ("arguments", "line"),
  [
    # elsewhere: these were dropped without a word
    (
      ("--on", "slurm", "--workers", "2"),
      "--workers: found it with --on slurm",
    ),
    (("--on", "slurm", "--slots", "2"), "--slots: found it with --on slurm"),
    (("--on", "slurm", "--json", "-"), "--json: found it with --on slurm"),
    (("--on", "gke", "--mfu", "0.3"), "--mfu: found it with --on gke"),
    # here
    (("--chip", "h200"), "--chip: found it with --on local"),
    (("--devices", "1"), "expected it with --dry-run; leave it out"),
    (("--mfu", "0.4"), "--mfu: found it with --on local"),
    # where it only looks
    (("--status", "--limit", "2"), "--limit: found it with --status"),
    (("--status", "--json", "-"), "expected it with runs that are done"),
    (("--status", "--keep-best"), "--keep-best: found it with --status"),
    (("--status", "--log", "wandb"), "--log: found it with --status"),
    (("--log", "wnadb"), "--log: found 'wnadb', expected tensorboard, wandb"),
    (("--status", "--save-every", "9"), "--save-every: found it with --status"),
    (("--status", "--chip", "cpu"), "--chip: found it with --status"),
    (("--status", "--dry-run"), "--status: found it with --dry-run"),
    # a dry run takes what the command takes that it is of
    (("--dry-run", "--json", "-"), "--json: found it with --dry-run"),
    (
      ("--dry-run", "--on", "slurm", "--workers", "2"),
      "--workers: found it with --dry-run --on slurm",
    ),
    # an engine that is none is told first
    (("--on", "slum", "--workers", "2"), "--on: found 'slum', expected one of"),
    (("--dry-run", "--devices", "0"), "--devices: found 0, expected 1 or more"),
  ],
)
def test_an_option_out_of_place_is_one_line(folder, arguments, line):
  done = called("study", "toy.py", *arguments, cwd=folder)
  assert done.returncode == 2
  assert done.stdout == ""
  assert line in done.stderr
  assert len(done.stderr.splitlines()) == 1
  assert [file.name for file in folder.iterdir()] == ["toy.py"]


def test_every_option_is_taken_by_a_command_or_told_where_it_goes():
  options = {
    field.name
    for cls in (
      study_lib.StudyOptions,
      study_lib.OwnText,
      study_lib.Saving,
      study_lib.Machine,
      study_lib.Cost,
    )
    for field in dataclasses.fields(cls)
  } - {"text", "saving", "machine", "cost"}
  taken = study_lib.HERE | study_lib.COST | study_lib.STATUS
  assert options == taken
  assert options - study_lib.CHOICE - {"dry_run"} == {*study_lib.GOES_WITH}


def test_here_it_is_done_as_asked_and_its_page_written(folder, monkeypatch):
  asked = asked_of_the_study(monkeypatch, Summary(done=["a"]))
  done = called(
    "study", "toy.py", "--workers", "1", "--slots", "3", "--save-every", "7",
    "--keep-best", "--root", "out", cwd=folder,
  )  # fmt: skip
  assert done.returncode == 0, done.stderr
  assert (asked["workers"], asked["slots"], asked["root"]) == (1, 3, "out")
  assert (asked["saves"].every, asked["saves"].best) == (7, True)
  assert done.stdout.startswith("1 runs done in 0 s")
  assert "page: out/toy" in done.stdout


def test_a_limit_leaves_runs_for_another_time(folder, monkeypatch, finetuning):
  asked = asked_of_the_study(monkeypatch, Summary())
  called("study", "toy.py", "--limit", "1", cwd=folder)
  assert asked["study"].runs == (finetuning.parent,)
  called("study", "toy.py", "--only", "domain=law", cwd=folder)
  assert asked["study"].runs == (finetuning.parent, finetuning)


def test_json_is_alone_on_standard_output(folder, monkeypatch):
  asked_of_the_study(monkeypatch, Summary(done=["a"]))
  done = called("study", "toy.py", "--json", "-", cwd=folder)
  assert json.loads(done.stdout)["done"] == ["a"]
  assert "page: " in done.stderr


def test_failures_are_told_and_stopping_says_how_to_go_on(folder, monkeypatch):
  asked_of_the_study(monkeypatch, Summary(failed={"a": "a: no memory"}))
  done = called("study", "toy.py", cwd=folder)
  assert (done.returncode, done.stderr) == (1, "forgetting: a: no memory\n")
  asked_of_the_study(monkeypatch, crew.Stopped())
  done = called("--quiet", "study", "toy.py", cwd=folder)
  assert done.returncode == 75
  assert "the same command goes on" in done.stderr


def test_failures_are_told_where_there_is_no_page(folder, monkeypatch):
  """A folder with another's run in it: the page was a traceback."""
  asked_of_the_study(monkeypatch, Summary(failed={"a": "a: another's"}))

  def no_page(*_, **__):
    raise InputError("no page")

  monkeypatch.setattr(study_lib, "write_page", no_page)
  done = called("study", "toy.py", cwd=folder)
  assert done.returncode == 1
  assert done.stderr == "forgetting: no page\nforgetting: a: another's\n"
  asked_of_the_study(monkeypatch, Summary(done=["a"]))
  monkeypatch.setattr(study_lib, "write_page", no_page)
  assert called("study", "toy.py", cwd=folder).returncode == 2


def test_elsewhere_it_is_submitted_with_its_options(folder, monkeypatch):
  launched = []

  class Engine:
    SETTINGS = dict
    check = staticmethod(lambda launch: None)

    @staticmethod
    def submit(launch):
      launched.append(launch)
      return "submitted"

  monkeypatch.setattr(engines, "find", lambda name: Engine)
  done = called(
    "study", "toy.py", "--on", "slurm", "--limit", "1", "--keep-best",
    "--save-every", "5", "--log", "wandb", cwd=folder,
  )  # fmt: skip
  assert (done.returncode, done.stdout) == (0, "submitted\n")
  (launch,) = launched
  assert len(launch.todo) == 1
  assert (launch.saves.every, launch.saves.best) == (5, True)
  assert launch.log == "wandb"


def test_status_and_dry_run_only_tell(folder, finetuning, monkeypatch):
  told = called("study", "toy.py", "--status", cwd=folder)
  assert told.returncode == 0, told.stderr
  assert "toy: 0 of 2 runs done" in told.stdout
  costed = []
  monkeypatch.setattr(
    dry_run,
    "tell",
    lambda study, *, runs, **how: (
      costed.append(dict(runs=len(runs), **how)) or "its cost"
    ),
  )
  told = called("study", "toy.py", "--dry-run", "--workers", "1", cwd=folder)
  assert told.returncode == 0, told.stderr
  assert told.stdout.startswith("its cost\n")
  assert finetuning.name not in told.stdout
  one = ("--dry-run", "--workers", "1", "--names")
  assert finetuning.name in called("study", "toy.py", *one, cwd=folder).stdout
  how = ("--chip", "cpu", "--devices", "2", "--mfu", "0.3")
  called("study", "toy.py", "--dry-run", *how, cwd=folder)
  assert costed == [
    *2 * [dict(runs=2, chip="h200", devices=1, mfu=None)],
    dict(runs=2, chip="cpu", devices=2, mfu=0.3),
  ]
  assert [file.name for file in folder.iterdir()] == ["toy.py"]
