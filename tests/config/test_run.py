import dataclasses
import pathlib

import pytest
import tiny_checkpoint

from forgetting.config import (
  Evaluation,
  InputError,
  Optimizer,
  Pretrained,
  Replay,
)

CONFIGS = pathlib.Path(__file__).parents[2] / "configs"


def test_name_changes_with_every_field_that_changes_the_numbers(finetuning):
  changed = [
    dataclasses.replace(finetuning, **change)
    for change in (
      dict(steps=11),
      dict(seed=1),
      dict(injection=0.5),
      dict(batch_size=8),
      dict(target_tokens_asked=232),
      dict(optimizer=Optimizer(peak_lr=1e-3)),
      dict(evaluation=Evaluation()),
      dict(parent=dataclasses.replace(finetuning.parent, seed=1)),
    )
  ]
  names = {run.name for run in (finetuning, *changed)}
  assert len(names) == 1 + len(changed)


def test_whole_numbers_and_floats_give_one_name(finetuning):
  zero, zero_float = (
    dataclasses.replace(finetuning, injection=p) for p in (0, 0.0)
  )
  assert zero.name == zero_float.name


def test_target_tokens_are_whole_chunks(finetuning):
  assert finetuning.model.context == 32
  assert finetuning.target_tokens_asked == 200
  assert finetuning.target_tokens == 192


@pytest.mark.parametrize(
  ("change", "line"),
  [
    (dict(injection=-0.1), r"Run.injection: found -0.1, expected a fraction"),
    (dict(injection=1.5), r"Run.injection: found 1.5, expected a fraction"),
    (dict(injection=1), r"Run.injection: found 1.0, expected below 1"),
    (dict(target_tokens_asked=31), r"target_tokens_asked: found 31"),
    (dict(domain=None), r"Run.domain: found None"),
    (dict(steps=0), r"Run.steps: found 0, expected a whole number above 0"),
    (dict(tokenizer="other"), r"Run.tokenizer: found 'other', expected the"),
  ],
)
def test_bad_values_are_named(finetuning, change, line):
  with pytest.raises(InputError, match=line) as error:
    dataclasses.replace(finetuning, **change)
  assert "\n" not in str(error.value)


def test_a_pretraining_has_no_domain_and_injection_one(finetuning):
  with pytest.raises(InputError, match=r"Run\.injection"):
    dataclasses.replace(finetuning.parent, injection=0.5)
  with pytest.raises(InputError, match=r"Run\.domain"):
    dataclasses.replace(finetuning.parent, domain="kjv")


def test_a_fine_tuning_may_start_from_another(finetuning):
  second = dataclasses.replace(finetuning, domain="kjv", parent=finetuning)
  third = dataclasses.replace(second, domain="smiles", parent=second)
  assert third.needs == (second,)
  assert third.pretrained_by == finetuning.parent
  assert third.after == ("law", "kjv")
  assert third.replay_policy == "after-law-kjv"  # no law is fitted to it
  assert "-after-law-kjv-s0-" in third.name
  assert finetuning.after == finetuning.parent.after == ()


def test_of_a_fine_tuning_there_is_no_pool_to_replay_from(finetuning):
  with pytest.raises(InputError, match=r"Run\.replay: found .* `injection`"):
    dataclasses.replace(finetuning, parent=finetuning, replay=Replay(pool=8))


def test_a_fine_tuning_of_a_public_checkpoint_is_exported_first(
  finetuning, tmp_path
):
  parent = Pretrained(str(tiny_checkpoint.write(tmp_path / "model")))
  public = dataclasses.replace(
    finetuning,
    parent=parent,
    model=parent.model(context=32),
    tokenizer=parent.tokenizer,
  )
  assert public.pretrained_by is None and public.needs == ()
  with pytest.raises(InputError, match=r"Run\.parent: .* `forgetting export`"):
    dataclasses.replace(public, parent=public)
