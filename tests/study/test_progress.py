"""How far a study is: a line a run where there is no terminal."""

import dataclasses

import pytest

from forgetting.records import StudyDirectory
from forgetting.study import progress as progress_lib
from forgetting.study.progress import Progress


@pytest.fixture
def study(tmp_path) -> StudyDirectory:
  return StudyDirectory.at(tmp_path, "toy")


def test_a_line_a_run_with_the_rate_and_what_is_left(finetuning, study, capfd):
  other = dataclasses.replace(finetuning, injection=0)
  with Progress([finetuning, other], done=3, study=study) as progress:
    progress.finished(finetuning, dict(tokens=128, wall_seconds=2.5))
    progress.refresh()
    progress.say("a line [of] its own")
    progress.finished(other, dict(tokens=128, wall_seconds=2.5))
  first, second, said, third = capfd.readouterr().err.splitlines()
  assert first == "2 of 5 runs to do"
  assert second.startswith("4/5 runs, ")
  assert "tokens/s, about 0:0" in second
  assert second.endswith(f" left: {finetuning.name} in 2.5 s")
  assert said == "a line [of] its own"
  assert "5/5 runs" in third and "about 0:00 left" in third


def test_an_estimate_stands_before_the_first_run(finetuning, study, capfd):
  with Progress([finetuning], done=0, study=study, estimate=3725.0) as progress:
    assert progress._told() in ("about 1:02:05 left", "about 1:02:04 left")
  told = capfd.readouterr().err
  assert told == ("1 of 1 runs to do, by this machine's speed about 1:02:05\n")


def test_an_estimate_that_is_over_is_not_told_as_no_time(finetuning, study):
  with Progress([finetuning], done=0, study=study, estimate=30.0) as progress:
    progress._start -= 31
    assert progress._told() == "longer than was estimated"


def test_silence_is_broken_by_where_the_runs_are(
  finetuning, study, capfd, monkeypatch
):
  other = dataclasses.replace(finetuning, injection=0)
  directory = study.of(finetuning)
  directory.path.mkdir(parents=True)
  directory.append(dict(step=3))
  with Progress([finetuning, other], done=0, study=study) as progress:
    progress.refresh([finetuning])  # too early for a line
    monkeypatch.setattr(progress_lib, "HEARTBEAT", 0.0)
    monkeypatch.setattr(progress, "_start", progress._start - 30)
    progress.refresh([finetuning, other])
    progress.refresh([])
  _, line, idle = capfd.readouterr().err.splitlines()
  steps = finetuning.steps
  part = 3 / steps / 2  # two runs as long
  left = int(30 / part * (1 - part))
  assert line.startswith("0:30 0/2 runs, about ")
  assert abs(_seconds(line) - left) <= left * 0.02
  assert line.endswith(
    f" left: {finetuning.name} 3/{steps} steps, {other.name} 0/{steps} steps"
  )
  assert idle.endswith("waiting for another process")


def test_what_comes_once_is_not_taken_for_the_rate(finetuning, study):
  """Forty seconds of compiling and two of work leave two for another run."""
  other = dataclasses.replace(finetuning, seed=1)
  parts = dict(compilation=37, start=1, training=1.5, evaluation=0.5)
  parts["earlier attempts"] = 900
  result = dict(tokens=128, wall_seconds=940.0, seconds=parts)
  with Progress([finetuning, other], done=0, study=study) as progress:
    progress._start -= 40
    progress.finished(finetuning, result)
    assert progress._time_left() in ("about 0:02 left", "about 0:01 left")


def test_before_the_first_run_ends_its_steps_count_by_the_estimate(
  finetuning, study, monkeypatch
):
  directory = study.of(finetuning)
  directory.path.mkdir(parents=True)
  directory.append(dict(step=finetuning.steps // 2))
  monkeypatch.setattr(progress_lib, "HEARTBEAT", 0.0)
  with Progress([finetuning], done=0, study=study, estimate=60.0) as progress:
    progress._start -= 50  # most of it compiling
    progress.refresh([finetuning])
    assert progress._time_left() == "about 0:30 left"
    progress._start -= 50
    assert progress._time_left() == "longer than was estimated"


def _seconds(line: str) -> int:
  minutes, seconds = line.split("about ")[1].split(" ")[0].split(":")
  return 60 * int(minutes) + int(seconds)
