"""A public model of 135M parameters on two cores: SmolLM2-135M-Instruct.

  forgetting data convert smollm2 --out SmolLM2-135M
  forgetting study configs/smollm2.py --keep-best

Full fine-tuning and LoRA, on the King James Bible and on French Wikipedia, two
amounts of target text, four injections. The model's own pretraining text is not
to be had: four kinds of English text stand in for it, and a control of each
method tells what they alone have taught it. Evaluations are few and short,
which costs less than training.

`--set quick=true` is LoRA on one domain with two injections and less text.
`--set tasks=true` is another study: LoRA on eight domains, nothing injected,
for a forgetting matrix whose tasks are far apart.
"""

import dataclasses
import itertools

from forgetting.config import (
  Evaluation,
  Full,
  LoRA,
  Method,
  Optimizer,
  Pretrained,
  Run,
  Study,
)

PRETRAINING = ("wiki_en", "factbook", "py_django", "hansard_en")
CONTEXT, BATCH_SIZE = 256, 4  # tokens a sequence, sequences a batch
TARGET_TOKENS = {8_192: 4, 24_576: 3}  # to epochs
INJECTIONS = (0, 0.01, 0.05, 0.2)
PEAK_LR: dict[Method, float] = {Full(): 2e-4, LoRA(rank=16): 2e-3}
EVALUATION = Evaluation(
  points=6,
  patience=2,
  curve_pretrain=16,
  curve_target=16,
  full_pretrain=64,
  full_target=32,
)
TASKS = (
  "kjv", "wiki_fr", "medical", "recipes", "licences", "py_sympy", "abc_music",
  "smiles",
)  # fmt: skip
SHORT = dataclasses.replace(
  EVALUATION, points=3, curve_pretrain=8, curve_target=8, full_target=16
)


def study(
  domains: tuple[str, ...] = ("kjv", "wiki_fr"),
  pretraining: tuple[str, ...] = PRETRAINING,
  models: tuple[str, ...] = ("SmolLM2-135M",),
  *,
  quick: bool = False,
  tasks: bool = False,
) -> Study:
  parents = [Pretrained(model) for model in models]
  if tasks:
    return _tasks(parents, pretraining)
  if quick:
    lora = LoRA(rank=16)
    runs = [
      run
      for parent in parents
      for run in (
        control(parent, pretraining, lora, tokens=2_048),
        *(
          finetuning(parent, pretraining, lora, domains[0], 4_096, p, epochs=2)
          for p in (0, 0.05)
        ),
      )
    ]
    short = dataclasses.replace(SHORT, full_pretrain=16)
    runs = [dataclasses.replace(run, evaluation=short) for run in runs]
    return Study(name="smollm2-quick", runs=tuple(runs))
  grid = itertools.product(
    parents, (pretraining,), PEAK_LR, domains, TARGET_TOKENS, INJECTIONS
  )
  runs = [finetuning(*cell) for cell in grid]
  most = max(run.steps * run.tokens_per_step * run.injection for run in runs)
  controls = [
    control(parent, pretraining, method, tokens=most)
    for parent in parents
    for method in PEAK_LR
  ]
  return Study(name="smollm2", runs=(*controls, *runs))


def _tasks(parents: list[Pretrained], pretraining: tuple[str, ...]) -> Study:
  runs = [
    finetuning(parent, pretraining, LoRA(rank=16), domain, 8_192, 0, epochs=2)
    for parent in parents
    for domain in TASKS
  ]
  runs = [dataclasses.replace(run, evaluation=SHORT) for run in runs]
  return Study(name="smollm2-tasks", runs=tuple(runs))


def finetuning(
  parent: Pretrained,
  pretraining: tuple[str, ...],
  method: Method,
  domain: str,
  target_tokens: int,
  injection: float,
  *,
  epochs: int | None = None,
) -> Run:
  epochs = epochs or TARGET_TOKENS[target_tokens]
  tokens = target_tokens * epochs / (1 - injection)
  return _run(
    parent,
    pretraining,
    method,
    tokens,
    injection=injection,
    domain=domain,
    target_tokens_asked=target_tokens,
  )


def control(
  parent: Pretrained,
  pretraining: tuple[str, ...],
  method: Method,
  *,
  tokens: float,
) -> Run:
  """On the replayed text alone, as much of it as any run injects."""
  return _run(parent, pretraining, method, tokens, injection=1)


def _run(
  parent: Pretrained,
  pretraining: tuple[str, ...],
  method: Method,
  tokens: float,
  **what,
) -> Run:
  return Run(
    model=parent.model(context=CONTEXT, remat="dots"),
    optimizer=Optimizer(
      peak_lr=PEAK_LR[method], warmup_steps=5, weight_decay=0
    ),
    steps=max(1, round(tokens / (BATCH_SIZE * CONTEXT))),
    batch_size=BATCH_SIZE,
    pretraining=pretraining,
    tokenizer=parent.tokenizer,
    evaluation=EVALUATION,
    parent=parent,
    method=method,
    **what,
  )
