import dataclasses

import pytest

from forgetting.config import InputError, Replay, Study


@pytest.mark.parametrize("name", ["", "a/b", ".hidden", "a b", "../up"])
def test_a_study_names_a_folder(finetuning, name):
  with pytest.raises(InputError, match=r"Study\.name: found .* names a folder"):
    Study(name=name, runs=(finetuning,))


def test_a_study_has_a_run():
  with pytest.raises(InputError, match=r"Study\.runs: found \(\)"):
    Study(name="empty", runs=())


def test_every_run_is_there_once_after_those_that_it_needs(finetuning):
  measured = dataclasses.replace(finetuning, replay=Replay(pool=8))
  replayed = dataclasses.replace(
    finetuning, replay=Replay(pool=8, measured_in=measured)
  )
  study = Study(name="a", runs=(replayed, finetuning, finetuning))
  assert study.ordered() == (
    finetuning.parent,
    finetuning,
    measured,
    replayed,
  )


def test_what_others_start_from_is_named(finetuning):
  second = dataclasses.replace(finetuning, domain="kjv", parent=finetuning)
  study = Study(name="a", runs=(second,))
  assert study.ordered() == (finetuning.parent, finetuning, second)
  assert study.continued == (finetuning.name,)
  assert Study(name="a", runs=(finetuning,)).continued == ()
