"""What of public models fits on one GPU: the table of the README.

  python benchmarks/memory.py

By the formula of `forgetting study --dry-run`, which is tested against the
compiler's own count: nothing is allocated, no weights are read. Of each model,
method and card the easiest way that fits: what a layer keeps for its gradients,
and in how many parts a batch is computed.
"""

from collections.abc import Iterable
import itertools

from forgetting.config import (
  Full,
  LoRA,
  Method,
  Optimizer,
  Pretrained,
  Run,
)
from forgetting.config.config_json import parse
from forgetting.config.model import Dtype, Remat
from forgetting.config.transformer import PublicModel
from forgetting.cost.footprint import USABLE, Mesh, footprint

CARDS = (8, 16, 24, 80)  # GB
CONTEXT, BATCH_SIZE = 1024, 16
METHODS: dict[str, Method] = {
  "full": Full(),
  "LoRA": LoRA(rank=16, base="bfloat16"),
}
REMAT: tuple[Remat, ...] = ("none", "dots", "full")
# layers, width, heads, key-value heads, hidden channels, vocabulary, tied
Sizes = tuple[int, int, int, int, int, int, bool]
SIZES: dict[str, Sizes] = {
  "SmolLM2 135M": (30, 576, 9, 3, 1_536, 49_152, True),
  "Qwen 2.5 0.5B": (24, 896, 14, 2, 4_864, 151_936, True),
  "Llama 3.2 1B": (16, 2_048, 32, 8, 8_192, 128_256, True),
  "SmolLM2 1.7B": (24, 2_048, 32, 32, 8_192, 49_152, True),
  "Llama 3.2 3B": (28, 3_072, 24, 8, 8_192, 128_256, True),
  "Llama 3.1 8B": (32, 4_096, 32, 8, 14_336, 128_256, False),
}


def main() -> None:
  """Prints the table in Markdown."""
  print(f"sequences of {CONTEXT} tokens, {BATCH_SIZE} a batch, one card\n")
  head = ("model", "", *(f"{card} GB" for card in CARDS))
  print(_line(head), _line(["---"] * len(head)), sep="\n")
  for name in SIZES:
    for word, method in METHODS.items():
      ways = ways_of(name, method)
      cells = [fitting(ways, card) for card in CARDS]
      print(_line((name, word, *cells)), flush=True)


def _line(cells: Iterable[str]) -> str:
  return f"| {' | '.join(cells)} |"


def ways_of(name: str, method: Method) -> dict[str, float]:
  """Parts and what is kept, the easiest first -> bytes that are needed."""
  parts = [n for n in range(1, BATCH_SIZE + 1) if BATCH_SIZE % n == 0]
  return {
    f"{n} x {BATCH_SIZE // n}, {remat}": footprint(
      run_of(SIZES[name], method, micro_batches=n, remat=remat),
      Mesh(1, 1),
      fused_attention=True,
    ).total
    for n, remat in itertools.product(parts, REMAT)
  }


def fitting(ways: dict[str, float], gigabytes: int) -> str:
  """The easiest that fits a card; "-": none does."""
  room = USABLE * gigabytes * 1e9
  return next((way for way, needed in ways.items() if needed <= room), "-")


def run_of(
  sizes: Sizes,
  method: Method,
  *,
  micro_batches: int = 1,
  remat: Remat = "none",
  context: int = CONTEXT,
  batch_size: int = BATCH_SIZE,
  dtype: Dtype = "bfloat16",
) -> Run:
  """A fine-tuning of a llama of that size."""
  parent = Pretrained("a-llama")
  model = PublicModel.of(
    architecture(*sizes), context=context, dtype=dtype, remat=remat
  )
  return Run(
    model=model,
    optimizer=Optimizer(peak_lr=1e-4),
    steps=1,
    batch_size=batch_size,
    micro_batches=micro_batches,
    injection=0.05,
    domain="kjv",
    target_tokens_asked=context,
    tokenizer=parent.tokenizer,
    parent=parent,
    method=method,
  )


def architecture(layers, width, heads, grouped, hidden, vocabulary, tied):
  """Of a llama of that size."""
  return parse(
    dict(
      model_type="llama",
      num_hidden_layers=layers,
      hidden_size=width,
      num_attention_heads=heads,
      num_key_value_heads=grouped,
      intermediate_size=hidden,
      vocab_size=vocabulary,
      tie_word_embeddings=tied,
      max_position_embeddings=8_192,
    )
  )


if __name__ == "__main__":
  main()
