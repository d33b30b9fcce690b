"""transformers on a llama's shape, as a worker of `gpu.py`, `checkpoints.py`.

  python benchmarks/training_llama_torch.py WHAT SHAPE

As training_llama.py, and `full-compiled` and so on through torch.compile.
`full` trains float32 weights, `LoRA` PEFT's adapters of every matrix of the
layers, over weights in the dtype of the products.
"""

import json
import os
import sys

import torch
from training_torch import DEVICE, serve
import transformers

LEARNING_RATE = 1e-4


def model_of(shape: dict, what: str):
  """A llama with random weights on the device."""
  layers, width, heads, grouped, hidden, vocabulary, tied = shape["sizes"]
  config = transformers.LlamaConfig(
    num_hidden_layers=layers,
    hidden_size=width,
    num_attention_heads=heads,
    num_key_value_heads=grouped,
    intermediate_size=hidden,
    vocab_size=vocabulary,
    tie_word_embeddings=tied,
    max_position_embeddings=shape["context"],
    attn_implementation="sdpa",
    use_cache=False,
  )
  model = transformers.LlamaForCausalLM(config)
  if what != "LoRA":
    return model.to(DEVICE)
  import peft

  adapters = peft.LoraConfig(r=16, lora_alpha=16, target_modules="all-linear")
  return peft.get_peft_model(model.to(DEVICE, dtype_of(shape)), adapters)


def dtype_of(shape: dict) -> torch.dtype:
  """Of the products, and of what a LoRA leaves frozen."""
  return getattr(torch, shape.get("dtype", "bfloat16"))


def steps_of(shape: dict, what: str, *, compiled: bool):
  """AdamW (fused), clipped, as a loop of one's own has it; or losses alone."""
  torch.manual_seed(0)
  torch.set_float32_matmul_precision("high")
  model = model_of(shape, what)
  trained = [p for p in model.parameters() if p.requires_grad]
  optimizer = torch.optim.AdamW(trained, lr=LEARNING_RATE, fused=True)
  rows, length = shape["batch_size"], shape["context"]
  tokens = torch.randint(0, shape["sizes"][5], (rows, length + 1)).to(DEVICE)
  forward = torch.compile(model) if compiled else model
  low = dtype_of(shape) == torch.bfloat16
  while True:
    with (
      torch.autocast(DEVICE, torch.bfloat16, enabled=low),
      torch.inference_mode(what == "loss"),
    ):
      loss = forward(input_ids=tokens, labels=tokens).loss
    if what != "loss":
      loss.backward()
      torch.nn.utils.clip_grad_norm_(trained, 1.0)
      optimizer.step()
      optimizer.zero_grad(set_to_none=True)
    yield rows * length


def main(what: str, shape: str) -> None:
  """Works as long as it is asked to."""
  torch.set_num_threads(len(os.sched_getaffinity(0)))
  what, _, way = what.partition("-")
  serve(steps_of(json.loads(shape), what, compiled=way == "compiled"))


if __name__ == "__main__":
  main(*sys.argv[1:])
