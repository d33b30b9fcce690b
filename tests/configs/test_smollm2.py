"""The study of a real model has a pair for each of its questions."""

import pathlib

import pytest
import tiny_checkpoint

from forgetting.config.study_file import load_study

FILE = pathlib.Path(__file__).parents[2] / "configs" / "smollm2.py"


@pytest.fixture
def model(tmp_path) -> str:
  folder = tiny_checkpoint.write(tmp_path / "Tiny", max_position_embeddings=256)
  return str(folder)


def test_both_methods_have_every_cell_and_a_control(model):
  study = load_study(str(FILE), models=(model,))
  full, lora = (
    {
      (run.domain, run.target_tokens, run.injection, run.steps)
      for run in study.runs
      if run.method.kind == kind
    }
    for kind in ("full", "lora")
  )
  assert full == lora and len(full) == 17
  [control] = [steps for domain, _, _, steps in full if domain is None]
  assert control == round(max(p * steps for d, _, p, steps in full if d))


def test_the_quick_one_is_lora_with_and_without_replay(model):
  study = load_study(str(FILE), models=(model,), arguments=["quick=true"])
  assert [run.injection for run in study.runs] == [1, 0, 0.05]
  assert {run.method.kind for run in study.runs} == {"lora"}


def test_tasks_are_of_as_many_domains_with_nothing_injected(model):
  study = load_study(str(FILE), models=(model,), arguments=["tasks=true"])
  assert len({run.domain for run in study.runs}) == len(study.runs) == 8
  assert {run.injection for run in study.runs} == {0}
