"""Engines by name: each has what `launch.engines` says of an engine."""

import dataclasses

import pytest

from forgetting.config import InputError
from forgetting.launch import engines


def test_an_unknown_engine_is_told_which_there_are():
  with pytest.raises(InputError, match="one of local, slurm, skypilot, gke"):
    engines.find("slum")


@pytest.mark.parametrize("name", engines.ENGINES)
def test_an_engine_has_all_that_is_asked_of_one(name):
  engine = engines.find(name)
  assert all(callable(getattr(engine, f)) for f in ("check", "render"))
  assert callable(engine.queued)
  if name == "local":
    assert engine.SETTINGS is None and not hasattr(engine, "submit")
  else:
    assert dataclasses.is_dataclass(engine.SETTINGS)
    assert callable(engine.submit)
