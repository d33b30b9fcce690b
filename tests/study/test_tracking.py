"""The process beside the runs: it sends, and what fails there stops nothing."""

import json
import multiprocessing
import time

import pytest

from forgetting.records import StudyDirectory
from forgetting.study import curves, tracking

# in place of Weights & Biases: writes what it is told into a file
CLIENT = """
import json, os, time
def Settings(**_): pass
class Run:
  summary = {}
  def __init__(self, name): self.name = name
  def log(self, values, step, commit):
    with open(os.environ["TOLD"], "a") as file:
      file.write(json.dumps([self.name, step, values]) + "\\n")
  def finish(self): pass
def init(**options):
"""
WORKS = "  return Run(options['name'])\n"
FAILS = "  raise RuntimeError('no key\\nlog in')\n"
HANGS = "  time.sleep(60)\n"


@pytest.fixture
def client(tmp_path, monkeypatch):
  """Puts a stand-in where the process beside the runs finds it."""
  folder = tmp_path / "clients"
  folder.mkdir()
  monkeypatch.setenv("TOLD", str(tmp_path / "told"))
  monkeypatch.syspath_prepend(folder)  # a process that is spawned has it too
  return lambda how: (folder / "wandb.py").write_text(CLIENT + how)


@pytest.fixture
def study(tmp_path, finetuning) -> StudyDirectory:
  study = StudyDirectory.at(tmp_path, "toy")
  directory = study.of(finetuning)
  directory.create(finetuning)
  directory.append(dict(step=0, tokens=0, pretrain_loss=2.0, target_loss=3.0))
  return study


def test_what_is_recorded_while_a_study_runs_is_sent(
  client, study, finetuning, tmp_path
):
  client(WORKS)
  said: list[str] = []
  runs = [finetuning.parent, finetuning]
  for step in (5, 10):
    with tracking.following("wandb", study, runs, said.append):
      line = dict(step=step, tokens=step, pretrain_loss=2.5, target_loss=2.5)
      study.of(finetuning).append(line)
  told = [json.loads(x) for x in (tmp_path / "told").read_text().splitlines()]
  assert [(name, step) for name, step, _ in told] == [
    (finetuning.name, step) for step in (0, 5, 10)
  ]
  assert not said


def test_a_tracker_that_fails_is_told_once_and_stops_nothing(
  client, study, finetuning
):
  client(FAILS)
  said: list[str] = []
  with tracking.following("wandb", study, [finetuning], said.append):
    for _ in range(300):
      if said:
        break
      time.sleep(0.1)
  assert len(said) == 1, said
  assert "RuntimeError: no key. The runs go on" in said[0]


def test_one_that_hangs_is_left_when_the_study_ends(
  client, study, finetuning, monkeypatch
):
  client(HANGS)
  monkeypatch.setattr(tracking, "PATIENCE", 0.5)
  said: list[str] = []
  start = time.monotonic()
  with tracking.following("wandb", study, [finetuning], said.append):
    pass
  assert time.monotonic() - start < 20
  assert said == ["wandb does not take the rest: the same command sends it"]


def followed(study, run, tracker, monkeypatch, *, over: bool) -> list[str]:
  """What is said; `over`: of a study that has ended."""
  monkeypatch.setattr(tracking, "TRACKERS", {"wandb": tracker})
  here, there = multiprocessing.Pipe()
  if over:
    here.send(None)
  tracking.follow(there, "wandb", study, [run])
  said = []
  while here.poll():
    said.append(here.recv())
  return [line for line in said if line]


def test_a_missing_client_says_what_to_install(study, finetuning, monkeypatch):
  def missing(_):
    raise ModuleNotFoundError("No module named 'wandb'")

  (line,) = followed(study, finetuning, missing, monkeypatch, over=False)
  assert "pip install 'forgetting[wandb]'" in line and "go on" in line
  assert "\n" not in line


def test_one_that_comes_back_gets_what_is_missing(
  study, finetuning, monkeypatch
):
  monkeypatch.setattr(tracking, "AGAIN", 0.1)
  sent, calls = [], []

  class Curve:
    def log(self, step, values):
      calls.append(step)
      if len(calls) < 3:
        raise ConnectionError("down")
      sent.append(step)
      study.of(finetuning).write_result(dict(status="done"))

    def end(self, step, values):
      sent.append("end")

    def close(self):
      pass

  monkeypatch.setattr(tracking, "EVERY", 0.1)
  said = followed(study, finetuning, lambda _: Curve(), monkeypatch, over=False)
  assert sent == [0, "end"]
  assert len(said) == 1 and "ConnectionError: down" in said[0]


def test_runs_that_have_not_begun_cost_next_to_nothing(tmp_path, finetuning):
  study = StudyDirectory.at(tmp_path, "toy")
  one = curves.Sending(study, finetuning, tracker="x", open_curve=None)
  start = time.perf_counter()
  for _ in range(100):
    assert not one.send()
  assert time.perf_counter() - start < 0.5
