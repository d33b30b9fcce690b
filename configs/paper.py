"""The scaling laws for forgetting of arXiv 2502.06042, as a study for a pod.

The paper's: five sizes from 41M to 1.27B non-embedding parameters, each
pretrained on 100 tokens a parameter, twelve target domains of which 0.3M to 30M
unique tokens are available, injections of 0, 0.1, 0.5, 1 and 5 %, and the
checkpoint with the lowest target loss: about 1,505 runs.

Ours, as the paper's are not known or not in TFDS: layers, widths and heads
(sizes.py), C4 in place of RedPajama-V2, GPT-2's tokens, sequences of 1024, the
amounts between 0.3M and 30M, and every learning rate: a fine-tuning warms up
again to a quarter of the pretraining's peak, which falls with the width. The
paper's domains are parts of The Pile; those below are of the same kinds, where
TFDS has one. Code it has not: give folders of yours, also of The Pile's parts,
in place of them or beside them.

  forgetting study configs/paper.py --dry-run --chip v5e --devices 256
  forgetting study configs/paper.py --domain pile/github pile/arxiv
"""

import itertools

from sizes import PAPER, sized

from forgetting.config import Evaluation, Model, Optimizer, Run, Study

PRETRAINING = ("stream:c4/en:3.1.0",)  # read while it trains, never stored
DOMAINS = (
  "tfds:scientific_papers/arxiv:1.1.1?field=article",
  "tfds:scientific_papers/pubmed:1.1.1?field=article",
  "tfds:pg19:0.1.1?field=book_text",
  "tfds:big_patent/all:2.1.2?field=description",
  "tfds:billsum:3.0.0?field=text",
  "tfds:math_dataset/arithmetic__mixed:1.0.0?field=question",
  "tfds:wmt14_translate/fr-en:1.0.0?field=fr",
  "tfds:wikipedia/20230601.fr:1.0.0",
  "tfds:multi_news:2.1.0?field=document",
  "tfds:lm1b:1.1.0",
  "tfds:yelp_polarity_reviews:0.2.0",
  "tfds:reddit:1.0.0?field=content",
)
TOKENIZER, VOCABULARY = "gpt2", 50257
MODELS = sized(
  PAPER, context=1024, vocab_size=VOCABULARY, dtype="bfloat16", remat="dots"
)
PRETRAINING_TOKENS = 100  # a parameter
PRETRAINING_BATCH = 256  # sequences: 262,144 tokens
FINETUNING_BATCH = 64
TARGET_TOKENS = {  # to the epochs after which a fine-tuning ends at the latest
  300_000: 64,
  1_000_000: 32,
  3_000_000: 16,
  10_000_000: 8,
  30_000_000: 4,
}
INJECTIONS = (0, 0.001, 0.005, 0.01, 0.05)
EVALUATION = Evaluation(
  curve_pretrain=64, curve_target=64, full_pretrain=512, full_target=256
)


def study(
  domains: tuple[str, ...] = DOMAINS,
  pretraining: tuple[str, ...] = PRETRAINING,
) -> Study:
  parents = [pretrained(model, pretraining) for model in MODELS.values()]
  cells = itertools.product(parents, domains, TARGET_TOKENS, INJECTIONS)
  return Study(name="paper", runs=tuple(finetuning(*cell) for cell in cells))


def pretrained(model: Model, sources: tuple[str, ...]) -> Run:
  tokens = PRETRAINING_TOKENS * model.model_params
  return Run(
    model=model,
    optimizer=Optimizer(peak_lr=peak_lr(model), warmup_steps=1000),
    steps=round(tokens / (PRETRAINING_BATCH * model.context)),
    batch_size=PRETRAINING_BATCH,
    pretraining=sources,
    tokenizer=TOKENIZER,
    injection=1,
    evaluation=EVALUATION,
  )


def finetuning(
  parent: Run,
  domain: str,
  target_tokens: int,
  injection: float,
  batch_size: int = FINETUNING_BATCH,
) -> Run:
  # as many target tokens whatever is injected beside them
  tokens = target_tokens * TARGET_TOKENS[target_tokens] / (1 - injection)
  return Run(
    model=parent.model,
    # above the learning rate at which pretraining ended: warmed up again
    optimizer=Optimizer(peak_lr=peak_lr(parent.model) / 4, warmup_steps=50),
    steps=round(tokens / (batch_size * parent.model.context)),
    batch_size=batch_size,
    pretraining=parent.pretraining,
    tokenizer=parent.tokenizer,
    injection=injection,
    domain=domain,
    target_tokens_asked=target_tokens,
    evaluation=EVALUATION,
    parent=parent,
  )


def peak_lr(model: Model) -> float:
  """Of pretraining: falls with the width, as wider models need it to."""
  return 6e-4 * (768 / model.width) ** 0.5
