"""What to replay when the original corpus is not to be had: sources compared.

Two byte-level models are fine-tuned on two domains, and inject 1, 5 or 20 % of
one of nine sources: fresh text of their own corpus; what they themselves wrote,
at two temperatures; three other texts, from near to far; or 4, 16 or 64 chunks
of their own corpus, repeated. Forgetting is measured on held-out text of their
own corpus, and beside it on held-out text that they wrote.

  forgetting study configs/replay_sources.py

`--set many=true` is another study: one model, eleven other texts, to see which
of them is worth what, and whether that could have been known before.
`--set kl=true` is a third: of its corpus or of what it wrote the model learns
the next token, or is held to what it said of it before.
"""

import dataclasses
import itertools

from quickstart import PRETRAINING, finetuning, pretrained

from forgetting.config import (
  KL,
  Full,
  Method,
  Model,
  OtherText,
  Repeated,
  ReplaySource,
  Run,
  SelfText,
  Study,
)

MODELS = (
  Model(layers=2, width=48, heads=2),  # 55k parameters
  Model(layers=2, width=80, heads=2),  # 154k
)
TARGET_TOKENS, EPOCHS = 10_240, 40
INJECTIONS = (0.01, 0.05, 0.2)
WRITTEN = 1024  # chunks, more than the largest injection takes
SOURCES: tuple[ReplaySource | None, ...] = (
  None,  # its own corpus
  SelfText(chunks=WRITTEN),
  SelfText(chunks=WRITTEN, temperature=0.7),
  OtherText(sources=("django_docs",)),  # English about code
  OtherText(sources=("medical",)),  # English, terms
  OtherText(sources=("smiles",)),  # molecules
  Repeated(chunks=4),
  Repeated(chunks=16),
  Repeated(chunks=64),
)
TEXTS = (
  "wordnet", "shakespeare", "aws_docs", "gcp_docs", "django_docs", "licences",
  "py_sympy", "medical", "recipes", "abc_music", "smiles",
)  # fmt: skip
AGAIN = SOURCES[:2]  # done with a second seed, at one size
METHODS: tuple[Method, ...] = (
  Full(),
  *(KL(strength=s, where="injected") for s in (1, 10)),
)


def study(
  domains: tuple[str, ...] = ("kjv", "wiki_fr"),
  pretraining: tuple[str, ...] = PRETRAINING,
  *,
  many: bool = False,
  kl: bool = False,
) -> Study:
  if many:
    return _many(domains, pretraining)
  if kl:
    return _kl(domains, pretraining)
  parents = [pretrained(model, pretraining) for model in MODELS]
  runs = []
  for parent, domain in itertools.product(parents, domains):
    runs.append(task(parent, domain, 0, None))
    runs += [
      task(parent, domain, injection, source)
      for injection, source in itertools.product(INJECTIONS, SOURCES)
    ]
  for domain in domains:
    runs.append(task(parents[0], domain, 0, None, seed=1))
    runs += [
      task(parents[0], domain, injection, source, seed=1)
      for injection, source in itertools.product(INJECTIONS, AGAIN)
    ]
  return Study(name="replay_sources", tolerance=0.25, runs=tuple(runs))


def _many(domains: tuple[str, ...], pretraining: tuple[str, ...]) -> Study:
  parent = pretrained(MODELS[0], pretraining)
  sources = (None, *(OtherText(sources=(name,)) for name in TEXTS))
  runs = []
  for domain in domains:
    runs.append(task(parent, domain, 0, None))
    runs += [
      task(parent, domain, injection, source)
      for injection, source in itertools.product(INJECTIONS[1:], sources)
    ]
  return Study(name="replay_many", tolerance=0.25, runs=tuple(runs))


def _kl(domains: tuple[str, ...], pretraining: tuple[str, ...]) -> Study:
  parent = pretrained(MODELS[0], pretraining)
  runs = []
  for domain in domains:
    runs.append(task(parent, domain, 0, None))
    runs += [
      dataclasses.replace(
        task(parent, domain, injection, source), method=method
      )
      for injection, source, method in itertools.product(
        INJECTIONS[1:], SOURCES[:2], METHODS
      )
    ]
  return Study(name="replay_kl", tolerance=0.25, runs=tuple(runs))


def task(
  parent: Run,
  domain: str,
  injection: float,
  source: ReplaySource | None,
  *,
  seed: int = 0,
) -> Run:
  run = finetuning(parent, domain, TARGET_TOKENS, injection, epochs=EPOCHS)
  return dataclasses.replace(
    run, seed=seed, replay_source=source, beside=("self",)
  )
