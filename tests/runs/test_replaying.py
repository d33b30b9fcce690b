"""Replay: the order of its pool, exact batches, runs that wait for a run."""

import dataclasses

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest
from small import options_in

from forgetting import records
from forgetting.config import InputError, Replay, Study
from forgetting.data.replay_pool import replay_order
from forgetting.data.store import chunk_ids
from forgetting.records import RunDirectory
from forgetting.runs import run as run_lib
from forgetting.runs import text as run_text
from forgetting.study import study as study_lib
from forgetting.training.loop import Interrupted


@given(
  size=st.integers(1, 300),
  seed=st.integers(0, 100),
  share=st.floats(0, 1),
  draw=st.integers(0, 1000),
)
def test_an_order_is_a_permutation_that_begins_uniformly(
  size, seed, share, draw
):
  weights = np.random.default_rng(draw).random(size) ** 8
  weights[: size // 3] = 0
  first = int(share * size)
  uniform = replay_order(size, seed=seed)
  order = replay_order(size, seed=seed, weights=weights, first=first)
  assert sorted(order) == sorted(uniform) == list(range(size))
  assert (order[:first] == uniform[:first]).all()
  rest = weights[order[first:]]
  assert (np.diff((rest == 0).astype(int)) >= 0).all()  # no weight: last


def test_weights_are_the_chances_of_the_first_draw():
  weights = np.array([0.1, 0.2, 0.3, 0.4])
  orders = np.array(
    [replay_order(4, seed=seed, weights=weights) for seed in range(4000)]
  )
  found = np.bincount(orders[:, 0], minlength=4) / 4000
  np.testing.assert_allclose(found, weights, atol=0.03)
  # then each among those that are left
  after = orders[orders[:, 0] == 3, 1]
  found = np.bincount(after, minlength=4)[:3] / len(after)
  np.testing.assert_allclose(found, weights[:3] / 0.6, atol=0.04)


@pytest.fixture
def uniform(finetuning):
  return dataclasses.replace(
    finetuning, replay=Replay(pool=64), injection=0.5, steps=20
  )


def injected(mixture, steps=20) -> list[bytes]:
  """Content ids of the injected chunks, in their order."""
  domain = set(chunk_ids(mixture.target.pool.sources[0]))
  ids = [
    chunk_ids(np.c_[b["tokens_BxL"], b["targets_BxL"][:, -1:]])
    for b in mixture.batches(0, steps)
  ]
  return [x for x in np.concatenate(ids) if x not in domain]


def test_injected_text_is_the_pools_each_chunk_once(cache, uniform):
  pool = run_text.replay_pool_of(uniform.parent, 64)
  whole = run_text.pretraining_pool(uniform, "train")
  ids = set(chunk_ids(whole.take(pool)))
  fresh = injected(run_text.mixture_of(uniform))
  assert len(fresh) == len(set(fresh)) == 40 and set(fresh) < ids
  of_parent = run_text.mixture_of(uniform.parent).batches(0, 12)
  seen = np.concatenate([b["tokens_BxL"] for b in of_parent])
  assert not set(map(bytes, seen)) & set(map(bytes, whole.take(pool)[:, :-1]))
  held_out = run_text.pretraining_pool(uniform, "validation")
  assert not ids & set(chunk_ids(held_out.take(np.arange(len(held_out)))))


def test_what_is_forgotten_more_is_injected_sooner(cache, uniform):
  weights = np.zeros(64)
  weights[[5, 9]] = 0.5
  pool = run_text.replay_pool_of(uniform.parent, 64)[[5, 9]]
  chosen = chunk_ids(run_text.pretraining_pool(uniform, "train").take(pool))
  weighted = run_text.mixture_of(uniform, replay_weights=weights)
  assert set(injected(weighted)[:2]) == set(chosen)
  online = dataclasses.replace(
    uniform, replay=Replay(pool=64, online_after=0.25)
  )
  assert run_text.online_step(online) == 5
  before, after = (
    injected(run_text.mixture_of(online, replay_weights=w))
    for w in (None, weights)
  )
  assert before[:10] == after[:10]
  assert set(chosen) <= set(after[:12])


def test_a_study_waits_for_the_run_that_tells(cache, uniform, tmp_path):
  """The four policies, and the weights of each against the losses on disk."""
  none = dataclasses.replace(uniform, injection=0)
  short = dataclasses.replace(none, steps=6, replay=Replay(pool=64, probe=True))
  runs = {
    policy: dataclasses.replace(uniform, replay=replay)
    for policy, replay in {
      "uniform": uniform.replay,
      "true": Replay(pool=64, measured_in=none),
      "predicted": Replay(pool=64, measured_in=short),
      "online": Replay(pool=64, online_after=0.25),
    }.items()
  }
  study = Study(name="toy", runs=tuple(runs.values()))
  order = [run.name for run in study.ordered()]
  assert order.index(none.name) < order.index(runs["true"].name)
  summary = study_lib.do_study(study, root=str(tmp_path), workers=1)
  assert not summary.failed and len(summary.done) == 7
  table = records.load(tmp_path / "toy").set_index("run")
  for policy, run in runs.items():
    assert table.loc[run.name, "replay"] == policy
  assert table.loc[none.name, "replay"] == "none"
  assert table.loc[short.name, "replay"] == "probe"

  def directory(run):
    return RunDirectory.of(tmp_path, "toy", run)

  examples = directory(none).examples()
  replay = directory(runs["true"]).replay()
  np.testing.assert_array_equal(
    replay["forgetting"], examples["pool_best"] - examples["pool_base"]
  )
  assert np.isclose(replay["weights"].sum(), 1)
  assert not directory(runs["uniform"]).replay()
  online = directory(runs["online"])
  assert np.abs(online.replay()["forgetting"]).max() > 0
  assert not np.allclose(online.replay()["weights"], replay["weights"])


def test_online_replay_resumes_exactly(cache, uniform, tmp_path):
  run = dataclasses.replace(uniform, replay=Replay(pool=64, online_after=0.25))

  def do(study, **options):
    return run_lib.do_run(run, options_in(tmp_path, study, **options))

  for study in ("whole", "early", "late"):
    run_lib.do_run(run.parent, options_in(tmp_path, study))
  whole = do("whole")
  for study, stops in (("early", 3), ("late", 8)):  # weights come at step 5
    asked = iter([False] * stops + [True])
    with pytest.raises(Interrupted):
      do(study, stop=lambda asked=asked: next(asked))
    assert bool(RunDirectory.of(tmp_path, study, run).replay()) == (stops > 5)
    resumed = do(study)
    for loss in ("pretrain_loss", "target_loss", "best_step"):
      assert resumed[loss] == whole[loss]


def test_configs_that_make_no_sense_are_refused(uniform):
  with pytest.raises(InputError, match="pool of the same size"):
    dataclasses.replace(uniform, replay=Replay(pool=8, measured_in=uniform))
  with pytest.raises(InputError, match="0 where measured_in"):
    Replay(pool=64, measured_in=uniform, online_after=0.1)
  with pytest.raises(InputError, match="a pretraining forgets nothing"):
    dataclasses.replace(uniform.parent, replay=Replay(pool=8))
