"""A study for one GPU: on text of the catalogue, on a public model, or on C4.

  forgetting study configs/gpu.py
  forgetting study configs/gpu.py --model ./SmolLM2-135M

The first begins as soon as the text is prepared, minutes on two cores: three
models of 125k to 1.5M parameters, their runs many at a time on the device. The
second fine-tunes a folder or an id of the hub.

`--set c4=true` is the large one: models of 10M to 125M parameters, pretrained
on 20 tokens a parameter of C4, then fine-tuned on up to 3M tokens of each
domain, days on a GPU with 24 GB. C4 streams while it trains: TFDS has to have
prepared it, which takes a cluster; https://www.tensorflow.org/datasets says
how, and how large it is. Where it lies:

  forgetting study configs/gpu.py --set c4=true --dry-run --chip rtx4090 \
    --pretraining 'stream:c4/en:3.1.0?data_dir=gs://BUCKET/tfds'
"""

import dataclasses
import itertools

import checkpoint
import laptop
import paper
from sizes import ONE_GPU, sized

from forgetting.config import Run, Study

DOMAINS, PRETRAINING = ("kjv", "wiki_fr"), ("mix",)
MODELS = [*laptop.MODELS][2:]
INJECTIONS = (0, 0.01, 0.05, 0.2)

LARGE = sized(
  ONE_GPU, context=1024, vocab_size=paper.VOCABULARY, dtype="bfloat16"
)
BATCH_SIZE, MICRO_BATCHES = 64, 4  # 16 sequences at a time
LARGE_TOKENS = (300_000, 1_000_000, 3_000_000)
LARGE_INJECTIONS = (0, 0.01, 0.05, 0.1)


def study(
  domains: tuple[str, ...] = (),
  pretraining: tuple[str, ...] = (),
  models: tuple[str, ...] = (),
  *,
  c4: bool = False,
) -> Study:
  if c4:
    return large(domains or paper.DOMAINS[:2], pretraining or paper.PRETRAINING)
  domains, pretraining = domains or DOMAINS, pretraining or PRETRAINING
  if models:
    return checkpoint.study(domains, pretraining, models)
  parents = [laptop.pretrained(model, pretraining) for model in MODELS]
  cells = itertools.product(parents, domains, laptop.TARGET_TOKENS, INJECTIONS)
  runs = tuple(laptop.task(*cell, seed=0) for cell in cells)
  return Study(name="gpu-catalogue", tolerance=0.25, runs=runs)


def large(domains: tuple[str, ...], pretraining: tuple[str, ...]) -> Study:
  parents = [
    smaller(paper.pretrained(model, pretraining)) for model in LARGE.values()
  ]
  cells = itertools.product(parents, domains, LARGE_TOKENS, LARGE_INJECTIONS)
  runs = (paper.finetuning(*cell) for cell in cells)
  return Study(name="gpu", runs=tuple(in_parts(run) for run in runs))


def smaller(parent: Run) -> Run:
  """As many tokens in batches of BATCH_SIZE sequences."""
  factor = parent.batch_size // BATCH_SIZE
  smaller = dataclasses.replace(
    parent, batch_size=BATCH_SIZE, steps=parent.steps * factor
  )
  return in_parts(smaller)


def in_parts(run: Run) -> Run:
  return dataclasses.replace(run, micro_batches=MICRO_BATCHES)
