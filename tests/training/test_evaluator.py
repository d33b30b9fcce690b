"""What base and best are measured on, against losses computed here."""

import dataclasses
import json

import numpy as np
import synthetic
from toy_training import train

from forgetting.data import store
from forgetting.records import RunDirectory
from forgetting.runs import text as run_text
from forgetting.runs.evaluators import evaluator_of
from forgetting.training import losses as losses_lib


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
