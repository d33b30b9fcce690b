"""Which pretraining text to inject: policies of replay compared at equal p.

One byte-level model is fine-tuned on two domains, with four seeds each. Every
run injects from the same pool of 1,024 chunks, but chooses among them
differently: uniformly, by what a short run without injection has forgotten
of them, by what the run itself has forgotten after a tenth of its steps, or, as
an upper mark that costs a whole run, by what a run without injection ends up
forgetting. Forgetting is measured on text that is never injected.

  forgetting study configs/replay.py
"""

import dataclasses
import itertools

from quickstart import PRETRAINING, finetuning, pretrained

from forgetting.config import Model, Replay, Run, Study

MODEL = Model(layers=2, width=64, heads=2)  # 99k parameters
STEPS = 1600  # of its pretraining
TARGET_TOKENS, EPOCHS = 20_480, 16
INJECTIONS = (0.01, 0.05, 0.2)
SEEDS = range(4)
POOL = 1024  # chunks; the largest injection takes half of them
PROBE = 0.1  # of the steps: what a run costs that only tells what to replay


def study(
  domains: tuple[str, ...] = ("kjv", "wiki_fr"),
  pretraining: tuple[str, ...] = PRETRAINING,
) -> Study:
  parent = pretrained(MODEL, pretraining, steps=STEPS)
  runs = []
  for domain, seed in itertools.product(domains, SEEDS):
    none = task(parent, domain, 0, seed, Replay(pool=POOL))
    probe = dataclasses.replace(
      none,
      steps=round(PROBE * none.steps),
      replay=Replay(pool=POOL, probe=True),
    )
    policies = (
      Replay(pool=POOL),
      Replay(pool=POOL, measured_in=probe),
      Replay(pool=POOL, online_after=PROBE),
      Replay(pool=POOL, measured_in=none),
    )
    runs += [none, probe]
    runs += [
      task(parent, domain, injection, seed, replay)
      for injection, replay in itertools.product(INJECTIONS, policies)
    ]
  return Study(name="replay", tolerance=0.25, runs=tuple(runs))


def task(
  parent: Run, domain: str, injection: float, seed: int, replay: Replay
) -> Run:
  run = finetuning(
    parent, domain, TARGET_TOKENS, injection, epochs=EPOCHS, warmup_steps=10
  )
  return dataclasses.replace(run, seed=seed, replay=replay)
