"""What to replay for a public model, whose corpus is not to be had.

  forgetting data convert smollm2 --out SmolLM2-135M
  forgetting study configs/smollm2_replay.py

LoRA on the King James Bible with nothing injected, and with 5 and 20 % of four
kinds of English text, or of text that the model wrote itself. Forgetting is
measured on other text that it wrote, where it is a divergence from base, and
beside on held-out text of the four kinds. A control trains on the replayed text
alone: what that teaches is no forgetting that was prevented.
"""

import dataclasses
import itertools

from smollm2 import BATCH_SIZE, CONTEXT, EVALUATION, PEAK_LR

from forgetting.config import (
  LoRA,
  Optimizer,
  OtherText,
  Pretrained,
  ReplaySource,
  Run,
  SelfText,
  Study,
)

TARGET_TOKENS, EPOCHS = 16_384, 3
INJECTIONS = (0.05, 0.2)
METHOD = LoRA(rank=16)
# of each text: what it wrote, and four kinds beside
FEWER = dataclasses.replace(EVALUATION, full_pretrain=32)
WRITTEN = 64  # chunks, more than the largest injection takes


def study(
  domains: tuple[str, ...] = ("kjv",),
  pretraining: tuple[str, ...] = (
    "wiki_en", "factbook", "py_django", "hansard_en",
  ),
  models: tuple[str, ...] = ("SmolLM2-135M",),
) -> Study:  # fmt: skip
  sources: tuple[ReplaySource, ...] = (
    OtherText(sources=pretraining),
    SelfText(chunks=WRITTEN),
  )
  runs = []
  for parent in map(Pretrained, models):
    most = _run(parent, pretraining, domains[0], INJECTIONS[-1], sources[0])
    injected = round(most.injection * most.steps)
    runs += [
      _run(parent, pretraining, None, 1.0, source, steps=injected)
      for source in sources
    ]
    for domain in domains:
      runs.append(_run(parent, pretraining, domain, 0.0, None))
      runs += [
        _run(parent, pretraining, domain, injection, source)
        for injection, source in itertools.product(INJECTIONS, sources)
      ]
  return Study(name="smollm2_replay", runs=tuple(runs))


def _run(
  parent: Pretrained,
  beside: tuple[str, ...],
  domain: str | None,
  injection: float,
  source: ReplaySource | None,
  *,
  steps: int | None = None,
) -> Run:
  if steps is None:
    tokens = TARGET_TOKENS * EPOCHS / (1 - injection)
    steps = round(tokens / (BATCH_SIZE * CONTEXT))
  return Run(
    model=parent.model(context=CONTEXT, remat="dots"),
    optimizer=Optimizer(
      peak_lr=PEAK_LR[METHOD], warmup_steps=5, weight_decay=0
    ),
    steps=steps,
    batch_size=BATCH_SIZE,
    injection=injection,
    pretraining=("self",),
    beside=beside,
    domain=domain,
    target_tokens_asked=TARGET_TOKENS if domain else 0,
    tokenizer=parent.tokenizer,
    evaluation=FEWER,
    parent=parent,
    method=METHOD,
    replay_source=source,
  )
