"""transformers' step on a llama's shape, as a worker of `benchmarks/gpu.py`.

  python benchmarks/training_llama_torch.py WHAT SHAPE

As training_llama.py. `full` trains float32 weights with products in bfloat16,
`LoRA` PEFT's adapters of every matrix of the layers over weights in bfloat16.
"""

import json
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
  if what == "full":
    return model.to(DEVICE)
  import peft

  adapters = peft.LoraConfig(r=16, lora_alpha=16, target_modules="all-linear")
  return peft.get_peft_model(model.to(DEVICE, torch.bfloat16), adapters)


def steps_of(shape: dict, what: str):
  """AdamW (fused), clipped, as a loop of one's own has it."""
  torch.manual_seed(0)
  torch.set_float32_matmul_precision("high")
  model = model_of(shape, what)
  trained = [p for p in model.parameters() if p.requires_grad]
  optimizer = torch.optim.AdamW(trained, lr=LEARNING_RATE, fused=True)
  rows, length = shape["batch_size"], shape["context"]
  tokens = torch.randint(0, shape["sizes"][5], (rows, length + 1)).to(DEVICE)
  while True:
    with torch.autocast(DEVICE, torch.bfloat16):
      loss = model(input_ids=tokens, labels=tokens).loss
    loss.backward()
    torch.nn.utils.clip_grad_norm_(trained, 1.0)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    yield rows * length


def main(what: str, shape: str) -> None:
  """Trains as long as it is asked to."""
  serve(steps_of(json.loads(shape), what))


if __name__ == "__main__":
  main(*sys.argv[1:])
