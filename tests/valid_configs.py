"""Configs by chance, each of which is one that a user could write."""

from hypothesis import strategies as st

from forgetting.config import Evaluation, Model, Optimizer, Replay, Run

COUNTS = st.integers(1, 10**9)
FRACTIONS = st.floats(0, 1)
POSITIVE = st.floats(1e-12, 1e6)
NAMES = st.text(min_size=1, max_size=12)


@st.composite
def models(draw) -> Model:
  heads = draw(st.integers(1, 16))
  return Model(
    layers=draw(st.integers(1, 64)),
    width=2 * heads * draw(st.integers(1, 64)),
    heads=heads,
    context=draw(st.integers(8, 4096)),
    vocab_size=draw(st.integers(2, 200_000)),
    dtype=draw(st.sampled_from(("float32", "bfloat16"))),
    remat=draw(st.sampled_from(("none", "dots", "full"))),
  )


def optimizers():
  return st.builds(
    Optimizer,
    peak_lr=POSITIVE,
    warmup_steps=st.integers(0, 10**6),
    final_lr_fraction=FRACTIONS,
    b1=st.floats(0, 0.999),
    b2=st.floats(0, 0.999),
    weight_decay=st.floats(0, 10),
    clip_norm=POSITIVE,
  )


@st.composite
def evaluations(draw) -> Evaluation:
  full = [draw(st.integers(1, 4096)) for _ in range(2)]
  return Evaluation(
    points=draw(st.integers(1, 64)),
    patience=draw(st.integers(1, 64)),
    curve_pretrain=draw(st.integers(1, full[0])),
    curve_target=draw(st.integers(1, full[1])),
    full_pretrain=full[0],
    full_target=full[1],
  )


@st.composite
def pretrainings(draw) -> Run:
  micro_batches = draw(st.integers(1, 8))
  return Run(
    model=draw(models()),
    optimizer=draw(optimizers()),
    steps=draw(COUNTS),
    batch_size=micro_batches * draw(st.integers(1, 256)),
    micro_batches=micro_batches,
    injection=1,
    pretraining=tuple(
      draw(st.lists(NAMES, min_size=1, max_size=4, unique=True))
    ),
    tokenizer=draw(NAMES),
    seed=draw(st.integers(0, 2**40)),
    evaluation=draw(evaluations()),
    version=draw(st.integers(1, 9)),
  )


@st.composite
def finetunings(draw) -> Run:
  parent = draw(pretrainings())
  pool = draw(COUNTS)
  return Run(
    model=parent.model,
    optimizer=draw(optimizers()),
    steps=draw(COUNTS),
    batch_size=draw(COUNTS),
    injection=draw(st.floats(0, 0.999)),
    pretraining=parent.pretraining,
    domain=draw(NAMES.filter(lambda name: name not in parent.pretraining)),
    target_tokens_asked=parent.model.context * draw(st.integers(1, 10**6)),
    tokenizer=parent.tokenizer,
    seed=draw(st.integers(0, 2**40)),
    evaluation=draw(evaluations()),
    parent=parent,
    replay=draw(st.sampled_from((None, Replay(pool=pool)))),
  )


def runs():
  return pretrainings() | finetunings()
