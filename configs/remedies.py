"""What prevents forgetting, and at what price: remedies side by side.

The quickstart's largest model, of 154k parameters, fine-tuned on two domains by
every method at four strengths or more, by learning rates, optimizers and
schedules, by injection of up to three quarters, and by some of them together.
Compare them at one target loss:

  forgetting study configs/remedies.py --keep-best
  forgetting remedies remedies
"""

import dataclasses

from quickstart import MODELS, PRETRAINING, finetuning, pretrained

from forgetting.config import (
  EWC,
  KL,
  L2SP,
  Freeze,
  LoRA,
  Method,
  Run,
  Study,
)

MODEL = list(MODELS)[2]  # of 154k parameters
TARGET_TOKENS = 10_240
SEEDS = range(2)  # of plain fine-tuning and of injection: the noise
INJECTIONS = (0.01, 0.03, 0.05, 0.2, 0.5, 0.75)
TOGETHER = 0.05  # injection beside methods
RATES = (0.1, 0.3, 3, 10)  # times the plain learning rate
LOWER = 0.3  # of them, the one beside injection
BESIDE = (0.05, 0.2)  # injection beside it
MUON = [(rate, ratio) for rate in (1, LOWER) for ratio in (3, 10, 30)]
LORA_RATE = 10  # times it, as LoRA likes
RANKS = (1, 4, 16, 64)
HELD: tuple[Method, ...] = (
  Freeze(layers=1),
  Freeze(parts=("embeddings",)),
  Freeze(parts=("norms",)),
  Freeze(parts=("matrices",)),
  *(L2SP(strength=s) for s in (0.001, 0.003, 0.01, 0.03)),
  *(EWC(strength=s) for s in (0.1, 1, 10, 100)),
  *(KL(strength=s) for s in (0.1, 0.3, 1, 3)),
)
ON_INJECTED = tuple(KL(strength=s, where="injected") for s in (0.3, 1, 3, 10))
BOTH: tuple[Method, ...] = (
  L2SP(strength=0.01),
  EWC(strength=1),
  KL(strength=1),
)


def study(
  domains: tuple[str, ...] = ("kjv", "wiki_fr"),
  pretraining: tuple[str, ...] = PRETRAINING,
) -> Study:
  parent = pretrained(MODEL, pretraining)
  runs = [run for domain in domains for run in remedies(parent, domain)]
  return Study(name="remedies", tolerance=0.25, runs=tuple(runs))


def remedies(parent: Run, domain: str) -> list[Run]:
  """All fine-tunings on one domain, the plain one first."""
  plain = finetuning(parent, domain, TARGET_TOKENS, 0)
  mixed = finetuning(parent, domain, TARGET_TOKENS, TOGETHER)
  lora = by(at(plain, LORA_RATE), LoRA(rank=16))
  injected = [finetuning(parent, domain, TARGET_TOKENS, p) for p in INJECTIONS]
  return [
    *(dataclasses.replace(run, seed=s)
      for run in (plain, *injected) for s in SEEDS),
    *(at(plain, rate) for rate in RATES if rate != LOWER),
    *(dataclasses.replace(at(run, LOWER), seed=s)
      for run in (plain, *(r for r in injected if r.injection in BESIDE))
      for s in SEEDS),
    *(by(at(plain, LORA_RATE), LoRA(rank=rank)) for rank in RANKS),
    *(at(lora, rate) for rate in RATES),
    *(by(plain, method) for method in HELD),
    *(by(mixed, method) for method in (*ON_INJECTED, *BOTH)),
    by(at(mixed, LORA_RATE), LoRA(rank=16)),
    *(optimized(at(plain, rate), kind="muon") for rate in (1, *RATES)),
    *(optimized(at(plain, rate), kind="muon", matrix_ratio=ratio)
      for rate, ratio in MUON),
    *(optimized(plain, schedule=name) for name in ("constant", "wsd")),
  ]  # fmt: skip


def by(run: Run, method: Method) -> Run:
  return dataclasses.replace(run, method=method)


def at(run: Run, rate: float) -> Run:
  """At so many times its learning rate."""
  return optimized(run, peak_lr=rate * run.optimizer.peak_lr)


def optimized(run: Run, **changes) -> Run:
  optimizer = dataclasses.replace(run.optimizer, **changes)
  return dataclasses.replace(run, optimizer=optimizer)
