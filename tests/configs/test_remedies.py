"""The study of remedies has what a comparison needs."""

import collections
import pathlib

from forgetting.config.study_file import load_study
from forgetting.training import methods

CONFIGS = pathlib.Path(__file__).parents[2] / "configs"


def test_every_remedy_has_four_strengths_and_noise_has_two_seeds():
  study = load_study(str(CONFIGS / "remedies.py"))
  assert len({run.name for run in study.runs}) == len(study.runs)
  kinds = collections.defaultdict(set)
  for run in study.runs:
    if run.domain == "kjv":
      kinds[run.method.kind].add(run.method.word)
  assert {*kinds} == {"full", "lora", "freeze", "l2sp", "ewc", "kl"}
  assert all(len(kinds[kind]) >= 4 for kind in {*kinds} - {"full"})
  plain = [r for r in study.runs if r.method.kind == "full"]
  assert {run.seed for run in plain if not run.injection} == {0, 1}
  rates = collections.defaultdict(set)
  for run in study.runs:
    if not run.injection and run.optimizer.schedule == "cosine":
      key = run.method.word, run.optimizer.kind
      rates[key].add(run.optimizer.peak_lr)
  assert len(rates["full", "adamw"]) == len(rates["lora-r16", "adamw"]) == 5
  assert len(rates["full", "muon"]) == 5


def test_its_methods_are_what_the_model_can_do():
  study = load_study(str(CONFIGS / "remedies.py"))
  for run in {r.method: r for r in study.runs}.values():
    trained, _ = methods.of(run.method, run.model).shapes()
    assert trained
