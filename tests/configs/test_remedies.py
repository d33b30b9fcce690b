"""The study of remedies has what a comparison needs."""

import collections
import dataclasses
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
  ratios = {r.optimizer.matrix_ratio for r in study.runs if r.domain == "kjv"}
  assert len(ratios) == 4


def test_a_lower_rate_alone_and_beside_injection_have_two_seeds():
  runs = load_study(str(CONFIGS / "remedies.py")).runs
  tuned = [run for run in runs if run.domain == "kjv"]
  usual = tuned[0].optimizer
  lower = dataclasses.replace(usual, peak_lr=0.3 * usual.peak_lr)
  for optimizer in (usual, lower):
    seeds = collections.defaultdict(set)
    for run in tuned:
      if run.method.kind == "full" and run.optimizer == optimizer:
        seeds[run.injection].add(run.seed)
    assert all(seeds[p] == {0, 1} for p in (0, 0.05, 0.2))
  assert {0.5, 0.75} < {run.injection for run in tuned}


def test_its_methods_are_what_the_model_can_do():
  study = load_study(str(CONFIGS / "remedies.py"))
  for run in {r.method: r for r in study.runs}.values():
    trained, _ = methods.of(run.method, run.model).shapes()
    assert trained
