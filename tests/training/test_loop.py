"""Programs, evaluation, sharding, checkpoints and the loop."""

import dataclasses
import json
import pathlib

import jax
import numpy as np
import pytest
import synthetic

from forgetting.config import InputError, Optimizer
from forgetting.config.saves import Saves
from forgetting.data import store
from forgetting.records import RunDirectory
from forgetting.runs import text as run_text
from forgetting.runs.evaluators import evaluator_of
from forgetting.runs.starts import load_params
from forgetting.training import (
  evaluate,
  loop,
  models,
  saving,
  sharding,
  stepping,
)
from forgetting.training import losses as losses_lib
from forgetting.training.checkpoint import Checkpoints
from forgetting.training.clock import Clock
from forgetting.training.models import decoder
from forgetting.training.programs import compile_programs


@pytest.fixture
def programs(finetuning):
  return compile_programs(finetuning.model, batch_size=finetuning.batch_size)


@pytest.fixture
def params(finetuning):
  return models.init(finetuning.model, seed=0)


def same(a, b) -> bool:
  return jax.tree.all(jax.tree.map(np.array_equal, a, b))


def chunks_of(run, rows: int) -> np.ndarray:
  generator = np.random.default_rng(1)
  return generator.integers(3, 259, (rows, run.model.context + 1), np.int32)


def batch_of(run) -> dict[str, np.ndarray]:
  from forgetting.data.mixture import as_batch

  weights = np.ones((run.batch_size, run.model.context), np.float32)
  return as_batch(chunks_of(run, run.batch_size), weights)


def train(run, tmp_path, programs, params, *, study="toy", **options):
  directory = RunDirectory.of(tmp_path, study, run)
  directory.create(run)
  evaluator = evaluator_of(run, programs)
  mixture = run_text.mixture_of(run)
  training = loop.train(
    run,
    directory=directory,
    evaluator=evaluator,
    params=params,
    base=evaluator.full(params),
    epoch_chunks=mixture.target and mixture.target.chunks,
    batches=lambda first: mixture.batches(first, run.steps),
    clock=Clock(),
    **options,
  )
  return stepping.take_steps(training)


def test_loss_does_not_depend_on_the_evaluation_batch(
  finetuning, programs, params
):
  chunks = chunks_of(finetuning, 45)
  weights = np.ones((45, finetuning.model.context), np.float32)
  whole = evaluate.per_example(programs.losses, params, {}, chunks, weights)
  assert whole.shape == (45,) and whole.dtype == np.float32
  for rows in (1, 7, 32):
    part = evaluate.per_example(
      programs.losses, params, {}, chunks[:rows], weights[:rows]
    )
    np.testing.assert_array_equal(part, whole[:rows])
  one_batch = losses_lib.token_losses(
    params, chunks[:, :-1], chunks[:, 1:], model=finetuning.model
  ).mean(axis=1)
  np.testing.assert_allclose(whole, one_batch, rtol=2e-6)


@pytest.mark.parametrize("micro", [1, 4, 16, 32])
def test_loss_does_not_depend_on_how_many_are_measured_at_once(
  finetuning, programs, params, micro, monkeypatch
):
  chunks = chunks_of(finetuning, 45)
  weights = np.ones((45, finetuning.model.context), np.float32)
  expected = evaluate.per_example(programs.losses, params, {}, chunks, weights)
  monkeypatch.setattr(evaluate, "ON_CPU", micro)

  def losses(params, base, chunks, weights):
    return evaluate.block_losses(
      params, chunks, weights, model=finetuning.model
    )

  block = (params, {}, chunks[:32], weights[:32])
  program = jax.jit(losses).lower(*block).compile()
  found = evaluate.per_example(program, params, {}, chunks, weights)
  np.testing.assert_allclose(found, expected, atol=1e-5, rtol=0)


def test_weights_choose_the_targets_that_count(finetuning, programs, params):
  """The loss is the mean over weighted targets, not over all of them."""
  from forgetting.training.optimizer import Hyperparameters

  batch = batch_of(finetuning)
  losses = np.asarray(
    losses_lib.token_losses(
      params, batch["tokens_BxL"], batch["targets_BxL"],
      model=finetuning.model,
    )
  )  # fmt: skip
  batch["weights_BxL"][:, ::3] = 0
  batch["weights_BxL"][0] = 0
  state = programs.init_state(params)
  _, metrics = programs.train(
    state, {}, programs.put(batch), Hyperparameters.of(finetuning)
  )
  expected = np.average(losses, weights=batch["weights_BxL"])
  np.testing.assert_allclose(metrics.loss, expected, rtol=1e-5)


def test_one_batch_can_be_learnt_by_heart(finetuning, programs, params):
  from forgetting.training.optimizer import Hyperparameters

  run = dataclasses.replace(
    finetuning, steps=200, optimizer=Optimizer(peak_lr=1e-2)
  )
  state = programs.init_state(params)
  batch = programs.put(batch_of(run))
  for _ in range(run.steps):
    state, metrics = programs.train(state, {}, batch, Hyperparameters.of(run))
  assert float(metrics.loss) < 1.5  # of random bytes: ln 256 = 5.5
  assert int(state["step"]) == run.steps


def test_every_parameter_and_moment_has_a_rule(finetuning, programs):
  mesh = sharding.make_mesh()
  placed = sharding.shardings(programs.shapes, mesh, decoder.RULES)
  assert len(jax.tree.leaves(placed)) == len(jax.tree.leaves(programs.shapes))
  with pytest.raises(ValueError, match="no rule of the model"):
    sharding.spec_of("layers/renamed/kernel", decoder.RULES)


def test_checkpoint_round_trip(tmp_path, programs, params, monkeypatch):
  monkeypatch.chdir(tmp_path)
  state = programs.init_state(params)
  best = jax.tree.map(lambda x: x + 1, params)
  where = dict(shapes=programs.shapes, shardings=programs.shardings)
  of_params = {name: tree["params"] for name, tree in where.items()}
  with Checkpoints(pathlib.Path("relative/ckpt")) as checkpoints:
    assert checkpoints.latest_step is None
    with pytest.raises(InputError, match="found no checkpoint"):
      checkpoints.load_params(**of_params)
    checkpoints.save(state, best_params=best, batches=iter(()))
    # a resume's first call
    checkpoints.save(state, best_params=best, batches=iter(()))
  with Checkpoints(pathlib.Path("relative/ckpt")) as checkpoints:
    assert checkpoints.latest_step == 0
    loaded, loaded_best = checkpoints.load(**where, batches=iter(()))
    assert same(loaded, state)
    assert same(loaded_best, best)
    assert same(checkpoints.load_params(**of_params), params)


def test_checkpoint_of_another_shape_is_named(
  tmp_path, finetuning, programs, params
):
  with Checkpoints(tmp_path) as checkpoints:
    state = programs.init_state(params)
    checkpoints.save(state, best_params=params, batches=iter(()))
    wider = dataclasses.replace(finetuning.model, width=32)
    shapes = models.shapes(wider)
    placed = sharding.shardings(shapes, sharding.make_mesh(), decoder.RULES)
    with pytest.raises(
      InputError, match=r"embed/embedding: found shape \(259, 16\), expected"
    ):
      checkpoints.load_params(shapes=shapes, shardings=placed)


def test_base_is_step_zero_and_best_the_lowest_target_loss(
  cache, finetuning, tmp_path, programs, params
):
  result = train(finetuning, tmp_path, programs, params)
  directory = RunDirectory.of(tmp_path, "toy", finetuning)
  records = directory.records()
  assert records[0]["step"] == 0
  assert records[0]["lr"] == 0
  best = min(records, key=lambda r: r["target_loss"])
  assert result["best_step"] == best["step"] > 0
  examples = directory.examples()
  assert set(examples) == {"base", "best", "id", "source"}
  np.testing.assert_allclose(
    examples["base"].mean(), result["base_pretrain_loss"], rtol=1e-6
  )
  np.testing.assert_allclose(
    examples["best"].mean(), result["pretrain_loss"], rtol=1e-6
  )
  differences = examples["best"] - examples["base"]
  np.testing.assert_allclose(
    result["forgetting_standard_error"],
    differences.std(ddof=1) / len(differences) ** 0.5,
    rtol=1e-5,
  )
  # the curve's sequences are the first of the full set
  e = finetuning.evaluation
  np.testing.assert_allclose(
    records[0]["pretrain_loss"],
    examples["base"][: e.curve_pretrain].mean(),
    rtol=1e-6,
  )


def test_bits_per_byte_is_nats_over_bytes(
  cache, finetuning, tmp_path, programs, params
):
  result = train(finetuning, tmp_path, programs, params)
  chunks = evaluator_of(finetuning, programs).target.chunks
  # a byte token is one byte; the end of text, id 1, is none
  count = (chunks[:, 1:] > 2).sum()
  nats = result["base_target_loss"] * chunks[:, 1:].size
  np.testing.assert_allclose(
    result["base_target_bits_per_byte"], nats / count / np.log(2), rtol=1e-6
  )


def test_prompts_carry_no_loss_and_do_not_count_as_target_tokens(
  cache, finetuning, tmp_path, programs, params
):
  """Against losses and counts computed here, from the text itself."""
  rows = [
    dict(q="?" * 40, a=" ".join(synthetic.words(12, seed=i))) for i in range(90)
  ]
  file = tmp_path / "pairs.jsonl"
  file.write_text("\n".join(map(json.dumps, rows)))
  run = dataclasses.replace(
    finetuning, domain=f"{file}:q->a:{{prompt}}{{response}}"
  )
  store.prepare(run.domain, context=run.model.context)
  draw, result = (
    run_text.mixture_of(run),
    train(run, tmp_path, programs, params),
  )

  # of the bytes, only "?" are prompts; 34 is "?" after three special ids
  def counted(chunks):
    return (chunks[:, 1:] != ord("?") + 3).sum()

  seen = draw.target.pool.take(draw.target.unique)
  assert draw.target.tokens == counted(seen) <= run.target_tokens_asked
  assert len(seen) > run.target_chunks  # some of each chunk does not count
  chunks = evaluator_of(run, programs).target.chunks
  losses = losses_lib.token_losses(
    params, chunks[:, :-1], chunks[:, 1:], model=run.model
  )
  kept = np.asarray(losses, np.float64)[chunks[:, 1:] != ord("?") + 3]
  np.testing.assert_allclose(result["base_target_loss"], kept.mean(), rtol=1e-6)
  letters = (chunks[:, 1:] > 2).sum() - (chunks[:, 1:] == ord("?") + 3).sum()
  np.testing.assert_allclose(
    result["base_target_bits_per_byte"],
    kept.sum() / letters / np.log(2),
    rtol=1e-6,
  )


def test_stops_when_the_target_loss_has_turned(
  cache, finetuning, tmp_path, programs, params
):
  eager = dataclasses.replace(
    finetuning,
    target_tokens_asked=32,
    injection=0,
    steps=400,
    optimizer=Optimizer(peak_lr=3e-2),
    evaluation=dataclasses.replace(
      finetuning.evaluation, points=40, patience=3
    ),
  )
  result = train(eager, tmp_path, programs, params)
  assert result["stop_reason"] == "target loss turned"
  records = RunDirectory.of(tmp_path, "toy", eager).records()
  assert len(records) - 1 - 3 == [r["step"] for r in records].index(
    result["best_step"]
  )


def test_a_run_that_diverges_on_the_way_stops_there(
  cache, finetuning, tmp_path, programs, params
):
  """Not at its next evaluation, and without asking the device each step."""
  from forgetting.training.watch import BEHIND

  wild = dataclasses.replace(
    finetuning,
    steps=200,
    optimizer=Optimizer(peak_lr=1e30, warmup_steps=0),
    evaluation=dataclasses.replace(finetuning.evaluation, points=1),
  )
  result = train(wild, tmp_path, programs, params)
  assert result["status"] == "diverged"
  # which of the two overflows first is the machine's own
  assert "nan" in result["stop_reason"] or "inf" in result["stop_reason"]
  assert "expected finite ones" in result["stop_reason"]
  assert result["steps"] <= BEHIND + 3


def test_spikes_are_told_and_steps_without_are_not():
  from forgetting.training.watch import MOST_SPIKES, Watch, spikes_of

  watch, draw = Watch(), np.random.default_rng(0)
  losses = draw.normal(3, 0.1, 120)
  losses[70] = 9.0
  for step, loss in enumerate(losses):
    watch.add(step, (np.float32(loss), np.float32(1)))
    assert not watch.diverged()
  assert not watch.catch_up()
  record = watch.take_spikes()
  assert [spike["step"] for spike in record["loss_spikes"]] == [70]
  assert watch.take_spikes() == {}
  assert len(spikes_of([record] * 200)) == MOST_SPIKES
  watch.add(120, (np.float32(1), np.float32("inf")))
  assert watch.catch_up()
  assert "gradient norm inf at step 120" in watch.why


def test_divergence_is_a_result_with_a_reason(
  cache, finetuning, tmp_path, programs, params
):
  params["embed"]["embedding"][:] = np.nan
  result = train(finetuning, tmp_path, programs, params)
  assert result["status"] == "diverged"
  assert "nan at step 0, expected finite" in result["stop_reason"]


@pytest.mark.parametrize("stop_at", [1, 4, 9])
def test_interrupted_and_resumed_equals_uninterrupted(
  cache, finetuning, tmp_path, programs, params, stop_at
):
  """Bit for bit: losses, the curve, per-example losses and parameters."""
  run = dataclasses.replace(finetuning.parent, steps=10)
  for each in (run, finetuning):
    whole = train(each, tmp_path, programs, params, study="whole")
    asked = iter(range(100))
    with pytest.raises(loop.Interrupted):
      train(
        each,
        tmp_path,
        programs,
        params,
        study="cut",
        stop=lambda a=asked: next(a) == stop_at,
      )
    resumed = train(each, tmp_path, programs, params, study="cut")
    timings = ("seconds",)
    assert {k: v for k, v in whole.items() if k not in timings} == {
      k: v for k, v in resumed.items() if k not in timings
    }
    one, two = (RunDirectory.of(tmp_path, s, each) for s in ("whole", "cut"))
    assert [
      {k: v for k, v in r.items() if k not in timings} for r in one.records()
    ] == [
      {k: v for k, v in r.items() if k not in timings} for r in two.records()
    ]
    np.testing.assert_array_equal(
      one.examples()["best"], two.examples()["best"]
    )
  where = dict(
    shapes=programs.shapes["params"], shardings=programs.shardings["params"]
  )
  final = []
  for study in ("whole", "cut"):
    directory = RunDirectory.of(tmp_path, study, run)
    with Checkpoints(directory.checkpoints) as checkpoints:
      assert checkpoints.latest_step == 10
      final.append(checkpoints.load_params(**where))
  assert same(*final)


def test_saving_on_the_way_changes_nothing(
  cache, finetuning, tmp_path, programs, params
):
  plain = train(finetuning, tmp_path, programs, params, study="plain")
  every = Saves(every=3, best=True)
  saved = train(
    finetuning, tmp_path, programs, params, study="saved", saves=every
  )
  assert plain["pretrain_loss"] == saved["pretrain_loss"]
  directory = RunDirectory.of(tmp_path, "saved", finetuning)
  steps = sorted(int(p.name) for p in directory.checkpoints.iterdir())
  assert steps == [6, 9]
  best = load_params(directory, finetuning)
  measured = evaluator_of(finetuning, programs).full(best)
  np.testing.assert_array_equal(measured.pretrain, directory.examples()["best"])
  with pytest.raises(InputError, match="found no parameters, expected those"):
    load_params(RunDirectory.of(tmp_path, "plain", finetuning), finetuning)


def test_a_run_is_saved_every_so_often(
  cache, finetuning, tmp_path, programs, params, monkeypatch
):
  monkeypatch.setattr(saving, "SECONDS", 0.0)
  train(finetuning, tmp_path, programs, params)
  saved = RunDirectory.of(tmp_path, "toy", finetuning).checkpoints
  assert sorted(int(p.name) for p in saved.iterdir()) == [8, 9]
