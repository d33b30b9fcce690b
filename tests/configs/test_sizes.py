"""The shipped configs of the paper's ladder and of one GPU."""

import json
import pathlib
import sys

import pytest

from forgetting.config.study_file import load_study

CONFIGS = pathlib.Path(__file__).parents[2] / "configs"


def sizes():
  sys.path.insert(0, str(CONFIGS))
  try:
    import sizes
  finally:
    sys.path.remove(str(CONFIGS))
  return sizes


def parameters(model) -> int:
  """Counted here: four attention matrices, two of the MLP, norm scales."""
  w = model.width
  layer = 4 * w * w + 2 * (w * 4 * w) + 2 * w
  return model.layers * layer + w


@pytest.mark.parametrize("ladder", ["PAPER", "ONE_GPU"])
def test_sizes_are_what_their_names_say(ladder):
  units = {"M": 1e6, "B": 1e9}
  models = getattr(sizes(), ladder)
  assert len(models) == {"PAPER": 5, "ONE_GPU": 4}[ladder]
  for name, model in models.items():
    stated = float(name[:-1]) * units[name[-1]]
    assert parameters(model) == model.model_params
    assert abs(model.model_params / stated - 1) < 0.02, name


def test_the_paper_s_study_has_its_grid():
  study = load_study(str(CONFIGS / "paper.py"))
  parents = {run.parent for run in study.runs}
  assert sorted({run.injection for run in study.runs}) == [
    0, 0.001, 0.005, 0.01, 0.05,
  ]  # fmt: skip
  asked = {run.target_tokens_asked for run in study.runs}
  assert (min(asked), max(asked)) == (300_000, 30_000_000)
  assert all(p.pretraining == ("stream:c4/en:3.1.0",) for p in parents)
  for parent in parents:
    tokens = parent.steps * parent.tokens_per_step
    assert abs(tokens / (100 * parent.model.model_params) - 1) < 0.001
  for run in study.runs:
    end = run.parent.optimizer.peak_lr * run.parent.optimizer.final_lr_fraction
    assert run.optimizer.peak_lr > end  # warmed up again


def test_domains_are_a_data_set_s_name_or_a_path(tmp_path):
  given = ("tfds:scientific_papers/arxiv:1.1.1", str(tmp_path))
  study = load_study(str(CONFIGS / "paper.py"), domains=given)
  assert {run.domain for run in study.runs} == set(given)


def test_names_of_the_quickstart_s_runs_are_what_they_were():
  """Fields that came later must not rename the runs that people have."""
  study = load_study(str(CONFIGS / "quickstart.py"))
  names = [run.name for run in study.ordered()]
  file = pathlib.Path(__file__).parents[1] / "quickstart_names.json"
  assert names == json.loads(file.read_text())
