import dataclasses
import json
import pathlib

from hypothesis import given
from hypothesis import strategies as st
import pytest

from forgetting.config import (
  Evaluation,
  InputError,
  Model,
  Optimizer,
  Run,
  canonical,
)
from forgetting.config.study_file import load_study

CONFIGS = pathlib.Path(__file__).parents[2] / "configs"


def test_every_shipped_config_builds():
  files = sorted({*CONFIGS.glob("*.py")} - {CONFIGS / "sizes.py"})
  assert files
  for file in files:
    runs = load_study(str(file)).ordered()
    names = [run.name for run in runs]
    assert len(set(names)) == len(names)
    for run in runs:
      assert run.parent is None or run.parent in runs


def test_domains_of_a_config_can_be_replaced():
  study = load_study(str(CONFIGS / "quickstart.py"), domains=("./letters.txt",))
  assert {run.domain for run in study.runs} == {"./letters.txt"}
  assert "-letters-" in study.runs[0].name


def test_json_round_trip(finetuning):
  values = json.loads(canonical.to_json(finetuning))
  assert canonical.from_dict(Run, values) == finetuning


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


def test_model_params_formula():
  model = Model(layers=3, width=64, heads=4, vocab_size=300)
  matrices = 3 * (64 * 192 + 64 * 64 + 64 * 256 + 256 * 64)
  assert model.model_params == matrices + 64 * (2 * 3 + 1)
  assert model.total_params == model.model_params + 300 * 64


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


def test_misspelt_field_in_a_study_file_is_one_line(tmp_path):
  file = tmp_path / "typo.py"
  file.write_text(
    "from forgetting.config import Optimizer\n"
    "def study():\n  return Optimizer(peek_lr=1e-3)\n"
  )
  with pytest.raises(InputError, match="has no field 'peek_lr'") as error:
    load_study(str(file))
  assert "did you mean 'peak_lr'?" in str(error.value)
  assert "\n" not in str(error.value)


@pytest.mark.parametrize(
  ("content", "line"),
  [
    ("x = 1", "defines no study"),
    ("def study(): return 3", "gave a int, expected a Study"),
    ("def study(:", "line 1"),
  ],
)
def test_files_that_are_no_study(tmp_path, content, line):
  file = tmp_path / "bad.py"
  file.write_text(content)
  with pytest.raises(InputError, match=line):
    load_study(str(file))
  with pytest.raises(InputError, match="no such file"):
    load_study(str(tmp_path / "absent.py"))


@given(total=st.integers(1, 100_000), points=st.integers(1, 60))
def test_evaluation_steps(total, points):
  steps = Evaluation(points=points).steps(total)
  assert steps[0] == 0
  assert steps[-1] == total
  assert list(steps) == sorted(set(steps))
  assert len(steps) <= points + 1


def test_other_pretraining_text_is_another_study():
  quickstart = load_study(str(CONFIGS / "quickstart.py"))
  other = load_study(
    str(CONFIGS / "quickstart.py"), pretraining=("mix", "./my text")
  )
  assert quickstart.name == "quickstart"
  assert other.name == "quickstart-mix-my_text"
  assert {run.pretraining for run in other.ordered()} == {("mix", "./my text")}


@pytest.mark.parametrize(
  ("code", "line"),
  [
    ("import quickstarts", "ModuleNotFoundError at line 1: No module named"),
    ("def study():\n  return 1 / 0", "ZeroDivisionError at line 2: division"),
    (
      "from forgetting.config import Replay\n"
      "def study():\n  return Replay(pools=3)",
      "Replay has no field 'pools'; it has .*did you mean 'pool'",
    ),
  ],
)
def test_what_fails_in_a_study_file_is_one_line(tmp_path, code, line):
  file = tmp_path / "mine.py"
  file.write_text(code)
  with pytest.raises(InputError, match=line) as caught:
    load_study(str(file))
  assert "\n" not in str(caught.value)
