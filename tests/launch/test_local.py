"""This machine as an engine: what it would start."""

import dataclasses

import pytest

from forgetting.config import InputError
from forgetting.launch import local
from forgetting.launch.jobs import Launch
from forgetting.study import seats


@pytest.fixture
def launch(study, tmp_path) -> Launch:
  return Launch(
    study_file="toy.py", study=study, root=str(tmp_path), todo=study.ordered()
  )


def test_what_would_be_started(launch, monkeypatch):
  monkeypatch.setattr(seats, "usable_gpus", lambda: ["0", "1", "2"])
  short = local.render(launch)["here"]
  count = len(launch.todo)
  assert short.endswith(f"would do {count} runs; --names lists them")
  assert launch.todo[0].name not in short
  listed = dataclasses.replace(launch, names=True)
  ((_, text),) = local.render(listed).items()
  first, *names = text.splitlines()
  how = "3 workers of this machine, one process a GPU"
  assert first == f"{how}, would do {count} runs"
  assert [name.strip() for name in names] == [r.name for r in launch.todo]
  one = dataclasses.replace(launch, todo=launch.todo[:1])
  for fewer in (one, dataclasses.replace(launch, workers=1)):
    assert local.render(fewer)["here"].startswith("1 workers of ")
  assert local.render(dataclasses.replace(launch, todo=())) == {}


def test_nothing_is_queued_here_and_numbers_are_checked(launch):
  local.check(launch)
  assert local.queued(launch) == {}
  for wrong, option in (("workers", "--workers"), ("slots", "--slots")):
    with pytest.raises(InputError, match=f"{option}: found 0, expected 1"):
      local.check(dataclasses.replace(launch, **{wrong: 0}))
