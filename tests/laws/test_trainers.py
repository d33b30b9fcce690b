"""Recipes: what each trainer's sampler makes of them is the injection."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest
import yaml

from forgetting.config import InputError
from forgetting.laws import trainers
from forgetting.laws.trainers_mix import Mix

MANY = 400_000  # draws: a share of 1 % is then known to .016 of itself
MIX = Mix(0.05, 2e7, 3, (700.0, 1900.0), 500_000)
SEEN = settings(max_examples=30, deadline=None)


def rows_of(mean, count, generator):
  """Lengths of rows of text, far from equal, with this mean."""
  drawn = generator.gamma(1.5, 1.0, count) + 0.05
  return drawn * (mean / drawn.mean())


def share(target_tokens, general_tokens):
  return general_tokens / (target_tokens + general_tokens)


def concatenated(mix, general_rows):
  """Rows of both in one list, each epoch all of them."""
  target_rows = mix.target_tokens / mix.rows[0]
  return share(target_rows * mix.rows[0], general_rows * mix.rows[1])


def axolotl(text, mix):
  told = yaml.safe_load(text)
  _, general = told["datasets"]
  assert 0 < general["weight"] <= 1
  # dataset.shuffle().select(range(int(weight * len)))
  return concatenated(mix, int(general["weight"] * mix.general_rows))


def cut_splits(text, mix):
  """TRL and torchtune: a list of data sets, concatenated whole."""
  told = yaml.safe_load(text)
  _, general = told.get("datasets") or told["dataset"]
  rows = int(re.fullmatch(r"train\[:(\d+)\]", general["split"])[1])
  return concatenated(mix, rows)


def llamafactory(text, mix):
  told = yaml.safe_load(text)
  assert told["mix_strategy"] == "interleave_over"
  probabilities = [float(x) for x in told["interleave_probs"].split(",")]
  assert sum(probabilities) == pytest.approx(1, abs=1e-5)
  # datasets.interleave_datasets: a source drawn a row, exhausted ones restart
  return share(probabilities[0] * mix.rows[0], probabilities[1] * mix.rows[1])


def nemo(text, mix):
  paths = yaml.safe_load(text)["dataset"]["paths"]
  weights = np.array([float(paths[0]), float(paths[2])])
  weights /= weights.sum()
  # each sample from the data set that is furthest behind its weight
  drawn = np.zeros(2)
  for i in range(2_000):
    drawn[np.argmax(weights * max(i, 1) - drawn)] += 1
  return share(*drawn) if mix.injection > 0.1 else share(*weights)


def marin(text, mix):
  told = yaml.safe_load(text)["data"]
  weights, block = told["train_weights"], told["mixture_block_size"]
  assert block < 2**16
  total = sum(weights.values())
  counts = np.zeros(2, np.int32)
  for i, weight in enumerate(weights.values()):
    counts[i] = weight / total * block
  counts[counts.argmax()] += block - counts.sum()
  return share(*counts)


def litgpt(text, mix):
  weights = re.search(r"weights=\(([\d.e-]+), ([\d.e-]+)\)", text)
  assert "iterate_over_all=False" in text
  return share(*map(float, weights.groups()))


SAMPLERS = dict(
  axolotl=axolotl, llamafactory=llamafactory, trl=cut_splits,
  torchtune=cut_splits, nemo=nemo, marin=marin, litgpt=litgpt,
)  # fmt: skip


def test_every_trainer_has_a_sampler_here():
  assert {*SAMPLERS} == {*trainers.TRAINERS}


@pytest.mark.parametrize("trainer", SAMPLERS)
@SEEN
@given(
  injection=st.floats(0.002, 0.9),
  rows=st.tuples(st.floats(50, 4000), st.floats(50, 4000)),
)
def test_a_sampler_gives_the_injection_back(trainer, injection, rows):
  mix = Mix(injection, 2e8, 2, rows, 10**8)
  made = trainers.recipe(trainer, mix)
  found = SAMPLERS[trainer](str(made), mix)
  assert found == pytest.approx(injection, rel=0.01)


def test_interleaved_rows_of_any_length_give_the_injection():
  """Drawn, not reckoned: lengths far from equal, a probability a row."""
  generator = np.random.default_rng(1)
  text = str(trainers.recipe("llamafactory", MIX))
  q = float(yaml.safe_load(text)["interleave_probs"].split(",")[1])
  general = generator.random(MANY) < q
  lengths = [rows_of(mean, MANY, generator) for mean in MIX.rows]
  drawn = share(lengths[0][~general].sum(), lengths[1][general].sum())
  assert drawn == pytest.approx(MIX.injection, rel=0.03)
  assert abs(q / MIX.injection - 1) > 0.3  # rows are not tokens


@pytest.mark.parametrize("trainer", trainers.TRAINERS)
def test_a_recipe_says_what_its_number_means_and_where_that_stands(trainer):
  made = trainers.recipe(trainer, MIX)
  known = trainers.TRAINERS[trainer]
  assert known.meaning in str(made) and known.source in str(made)
  assert "3,157,895 beside 3 x 20,000,000" in str(made)
  assert made.as_dict()["injected_tokens"] == pytest.approx(3157894.7)


def test_few_rows_are_told_by_what_they_give():
  few = Mix(0.05, 50_000, 1, (700.0, 1900.0), 10)
  assert few.general_rows_needed == 1
  assert "in whole rows 3.66 %" in str(trainers.recipe("trl", few))
  assert "in whole rows" not in str(trainers.recipe("nemo", few))
  assert "in whole rows" not in str(trainers.recipe("trl", MIX))


@pytest.mark.parametrize(
  ("trainer", "mix", "line"),
  [
    ("keras", MIX, "expected one of axolotl"),
    ("trl", Mix(0.05, 1e6), "--row-tokens 800,1200"),
    ("axolotl", Mix(0.05, 1e6, 1, (7.0, 9.0)), "--general-rows"),
    ("axolotl", Mix(0.5, 1e6, 1, (10.0, 10.0), 99), "at least 100,000"),
    ("nemo", Mix(float("inf"), 1e6), "found no injection"),
    ("nemo", Mix(0.0, 1e6), "nothing is to be injected"),
  ],
)
def test_what_is_missing_is_one_line(trainer, mix, line):
  with pytest.raises(InputError, match=re.escape(line)) as told:
    trainers.recipe(trainer, mix)
  assert "\n" not in str(told.value)


def test_rows_have_a_length():
  with pytest.raises(InputError, match="two positive means"):
    Mix(0.05, 1e6, 1, (0.0, 9.0))
