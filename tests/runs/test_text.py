"""The text of one run: its sources, and what they cannot give."""

import dataclasses

import pytest

from forgetting.config import InputError, Replay, Run
from forgetting.data import corpora
from forgetting.runs import text_checks, text_sources


@pytest.fixture
def uniform(finetuning):
  return dataclasses.replace(
    finetuning, replay=Replay(pool=64), injection=0.5, steps=20
  )


def test_a_set_stands_for_its_members(finetuning, monkeypatch):
  members = list(finetuning.pretraining)
  monkeypatch.setitem(corpora.SETS, "mine", members)
  parent = dataclasses.replace(finetuning.parent, pretraining=("mine",))
  run = dataclasses.replace(finetuning, pretraining=("mine",), parent=parent)
  assert text_sources.pretraining_sources(run) == members
  inside = dataclasses.replace(run, domain=members[0])
  with pytest.raises(InputError, match="not among the pretraining sources"):
    text_checks.check_text(inside)
  assert Run.__dataclass_fields__["pretraining"].default == ("mix",)
  assert not {"news", "usenet", "tweets"} & set(corpora.SETS["mix"])


@pytest.mark.parametrize(
  ("change", "line"),
  [
    (dict(replay=Replay(pool=30)), "Replay.pool: found 30 chunks, .* the 40"),
    (dict(replay=Replay(pool=10**6)), "at most the .* parent has not seen"),
  ],
)
def test_pools_that_do_not_fit_are_refused(cache, uniform, change, line):
  with pytest.raises(InputError, match=line):
    text_checks.check_text(dataclasses.replace(uniform, **change))
