"""A public checkpoint, fine-tuned on text of your own.

  forgetting study configs/checkpoint.py --model ./SmolLM2-135M \
    --domain ./letters --pretraining mix

Several models are a ladder of sizes; where their tokenizers differ, losses are
compared by the byte, and what tells them says so. What a public model was
pretrained on is rarely to be had: the pretraining text is what you name, a
stand-in, on which a model may still have something to learn. So each model has
a control, which trains on that text alone. `--set micro_batches=4` computes a
batch in four parts, where memory is short; a dry run says how many would fit.
"""

import dataclasses
import itertools

from forgetting.config import (
  Evaluation,
  InputError,
  Optimizer,
  Pretrained,
  Run,
  Study,
)

CONTEXT, BATCH_SIZE = 256, 4  # tokens a sequence, sequences a batch
TARGET_TOKENS = {8_192: 4, 24_576: 3, 65_536: 2}  # to epochs
INJECTIONS = (0, 0.01, 0.05, 0.2)
EVALUATION = Evaluation(
  points=5,
  curve_pretrain=32,
  curve_target=32,
  full_pretrain=64,
  full_target=64,
)


def study(
  domains: tuple[str, ...] = ("kjv",),
  pretraining: tuple[str, ...] = ("mix",),
  models: tuple[str, ...] = (),
  *,
  micro_batches: int = 1,
) -> Study:
  if not models:
    raise InputError("--model: found none, expected a folder or an id")
  parents = [Pretrained(model) for model in models]
  cells = itertools.product(parents, domains, TARGET_TOKENS, INJECTIONS)
  runs = [finetuning(*cell, pretraining=pretraining) for cell in cells]
  controls = [
    control(parent, pretraining=pretraining, tokens=injected_at_most(runs))
    for parent in parents
  ]
  runs = [
    dataclasses.replace(run, micro_batches=micro_batches)
    for run in (*controls, *runs)
  ]
  words = "-".join(parent.word for parent in parents)
  return Study(name=f"checkpoint-{words}", runs=tuple(runs))


def finetuning(
  parent: Pretrained,
  domain: str,
  target_tokens: int,
  injection: float,
  *,
  pretraining: tuple[str, ...],
) -> Run:
  tokens = target_tokens * TARGET_TOKENS[target_tokens] / (1 - injection)
  return _run(
    parent,
    pretraining,
    round(tokens / (BATCH_SIZE * CONTEXT)),
    injection=injection,
    domain=domain,
    target_tokens_asked=target_tokens,
  )


def control(
  parent: Pretrained, *, pretraining: tuple[str, ...], tokens: float
) -> Run:
  """On the replayed text alone, as much of it as any run injects."""
  steps = max(1, round(tokens / (BATCH_SIZE * CONTEXT)))
  return _run(parent, pretraining, steps, injection=1)


def injected_at_most(runs: list[Run]) -> float:
  return max(run.steps * run.tokens_per_step * run.injection for run in runs)


def _run(
  parent: Pretrained, pretraining: tuple[str, ...], steps: int, **what
) -> Run:
  return Run(
    model=parent.model(context=CONTEXT, remat="dots"),
    optimizer=Optimizer(peak_lr=1e-4, warmup_steps=5, weight_decay=0),
    steps=steps,
    batch_size=BATCH_SIZE,
    pretraining=pretraining,
    tokenizer=parent.tokenizer,
    evaluation=EVALUATION,
    parent=parent,
    **what,
  )
