"""Runs at cells that a study has, and at others."""

import dataclasses

from command import CONFIGS
from hypothesis import given
from hypothesis import strategies as st
import pytest

from forgetting.config import InputError, LoRA
from forgetting.config.cells import cell_of, runs_at, tuned_on
from forgetting.config.study_file import load_study

STUDY = load_study(str(CONFIGS / "quickstart.py"))
LIKE = tuned_on(STUDY.runs, "kjv")


@given(st.sampled_from(LIKE), st.integers(0, 5))
def test_a_cell_of_the_study_is_its_own_run(run, seed):
  (found,) = runs_at(LIKE, {cell_of(run): [seed]})
  assert found == dataclasses.replace(run, seed=seed)
  assert seed or found.name == run.name


def test_other_injections_read_the_target_text_as_often():
  (new,) = runs_at(LIKE, {(13944, 10240, 0.5): [0]})
  (plain,) = runs_at(LIKE, {(13944, 10240, 0.0): [0]})
  assert new.steps == pytest.approx(2 * plain.steps, abs=1)
  assert new.parent == plain.parent and new.injection == 0.5


def test_another_amount_of_text_is_read_as_often_as_the_nearest():
  (new,) = runs_at(LIKE, {(13944, 20480, 0.0): [0]})
  (known,) = runs_at(LIKE, {(13944, 10240, 0.0): [0]})
  assert new.target_tokens == 20480
  assert new.steps == 2 * known.steps


def test_steps_stay_where_a_study_gives_all_as_many():
  like = [dataclasses.replace(run, steps=64) for run in LIKE]
  (new,) = runs_at(like, {(13944, 10240, 0.5): [0]})
  assert new.steps == 64


def test_what_is_like_is_plain_fine_tuning_on_the_domain():
  assert len(LIKE) == 24 and {run.domain for run in LIKE} == {"kjv"}
  lora = [dataclasses.replace(run, method=LoRA(rank=2)) for run in LIKE]
  assert tuned_on([*STUDY.runs, *lora], "kjv") == LIKE
  assert tuned_on(lora, "kjv", lora[0].method.word) == lora


def test_a_size_that_no_run_has_is_told():
  with pytest.raises(InputError, match="7 parameters: .* one of 13944, 55536"):
    runs_at(LIKE, {(7, 2048, 0.0): [0]})
