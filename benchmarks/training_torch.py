"""PyTorch's training steps, as workers of `benchmarks/training.py`.

  python benchmarks/training_torch.py WHAT SHAPE

WHAT is `trainer` (Hugging Face Trainer on a GPT2LMHeadModel), `plain` (a
GPT in the manner of nanoGPT, written here) or `compiled` (the same through
torch.compile). SHAPE is JSON, as training_ours.py has it. No dropout, no
evaluations, no checkpoints: less than a user of the Trainer has by default.
"""

import contextlib
import functools
import json
import os
import resource
import sys
import tempfile
import time

import torch
from torch import nn
from torch.nn import functional
from training_windows import Windows

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
LEARNING_RATE = 3e-4
WARM_UP = 3  # steps
VERSIONS = f"torch {torch.__version__}"


def tokens(shape: dict, rows: int) -> torch.Tensor:
  size = (rows, shape["context"] + 1)
  generator = torch.Generator().manual_seed(0)
  return torch.randint(0, shape["vocab_size"], size, generator=generator)


class Block(nn.Module):
  def __init__(self, width: int, heads: int):
    super().__init__()
    self.heads = heads
    self.attention_norm = nn.LayerNorm(width, bias=False)
    self.mlp_norm = nn.LayerNorm(width, bias=False)
    linear = functools.partial(nn.Linear, bias=False)
    self.qkv, self.out = linear(width, 3 * width), linear(width, width)
    self.up, self.down = linear(width, 4 * width), linear(4 * width, width)

  def forward(self, x):
    rows, length, width = x.shape
    qkv = self.qkv(self.attention_norm(x)).split(width, dim=2)
    q, k, v = (
      y.view(rows, length, self.heads, -1).transpose(1, 2) for y in qkv
    )
    y = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
    x = x + self.out(y.transpose(1, 2).reshape(x.shape))
    h = functional.gelu(self.up(self.mlp_norm(x)), approximate="tanh")
    return x + self.down(h)


class Decoder(nn.Module):
  """GPT-2's shape: learned positions, no biases, tied output layer."""

  def __init__(self, shape: dict):
    super().__init__()
    width = shape["width"]
    self.embed = nn.Embedding(shape["vocab_size"], width)
    self.positions = nn.Embedding(shape["context"], width)
    self.blocks = nn.ModuleList(
      Block(width, shape["heads"]) for _ in range(shape["layers"])
    )
    self.norm = nn.LayerNorm(width, bias=False)
    for table in (self.embed, self.positions):
      nn.init.normal_(table.weight, std=0.02)

  def forward(self, inputs, targets):
    x = self.embed(inputs) + self.positions.weight
    for block in self.blocks:
      x = block(x)
    logits = functional.linear(self.norm(x), self.embed.weight)
    return functional.cross_entropy(logits.flatten(0, 1), targets.flatten())


def loop(shape: dict, compiled: bool):
  """nanoGPT's: clip, AdamW (fused), gradients set to None."""
  torch.manual_seed(0)
  torch.set_float32_matmul_precision("high")
  model = Decoder(shape).to(DEVICE)
  forward = torch.compile(model) if compiled else model
  matrices = [p for p in model.parameters() if p.dim() >= 2]
  others = [p for p in model.parameters() if p.dim() < 2]
  groups = [dict(params=matrices, weight_decay=0.1)]
  groups.append(dict(params=others, weight_decay=0.0))
  optimizer = torch.optim.AdamW(
    groups, lr=LEARNING_RATE, betas=(0.9, 0.95), fused=True
  )
  cast = contextlib.nullcontext
  if shape["dtype"] == "bfloat16":
    cast = functools.partial(torch.autocast, DEVICE, torch.bfloat16)
  text, rows = tokens(shape, 4096), shape["batch_size"]
  generator = torch.Generator().manual_seed(1)

  def steps():
    while True:
      chunk = text[torch.randint(0, len(text), (rows,), generator=generator)]
      chunk = chunk.to(DEVICE)
      with cast():
        loss = forward(chunk[:, :-1], chunk[:, 1:])
      loss.backward()
      nn.utils.clip_grad_norm_(model.parameters(), 1.0)
      optimizer.step()
      optimizer.zero_grad(set_to_none=True)
      yield rows * shape["context"]

  return steps()


class Rows(torch.utils.data.Dataset):
  """GPT2LMHeadModel shifts the labels itself, and so learns one less a row."""

  def __init__(self, text: torch.Tensor):
    self.text = text

  def __len__(self):
    return len(self.text)

  def __getitem__(self, index):
    row = self.text[index]
    return dict(input_ids=row, labels=row)


def trainer(shape: dict):
  """transformers.Trainer; its windows are counted in a callback."""
  import transformers

  class Step(transformers.TrainerCallback):
    windows, start = None, time.perf_counter()

    def on_step_end(self, args, state, control, **kwargs):
      if self.windows is not None:
        self.windows.done(shape["batch_size"] * shape["context"])
      elif state.global_step == WARM_UP:
        finish()
        self.windows = ready(self.start)

  model = transformers.GPT2LMHeadModel(
    transformers.GPT2Config(
      vocab_size=shape["vocab_size"],
      n_positions=shape["context"],
      n_embd=shape["width"],
      n_layer=shape["layers"],
      n_head=shape["heads"],
      resid_pdrop=0.0,
      embd_pdrop=0.0,
      attn_pdrop=0.0,
      bos_token_id=0,
      eos_token_id=0,
    )
  )
  arguments = transformers.TrainingArguments(
    output_dir=tempfile.mkdtemp(),
    max_steps=10**9,
    per_device_train_batch_size=shape["batch_size"],
    learning_rate=LEARNING_RATE,
    weight_decay=0.1,
    bf16=shape["dtype"] == "bfloat16",
    use_cpu=DEVICE == "cpu",
    save_strategy="no",
    report_to="none",
    disable_tqdm=True,
  )
  run = transformers.Trainer(
    model=model,
    args=arguments,
    train_dataset=Rows(tokens(shape, 4096)[:, :-1]),
    callbacks=[Step()],
  )
  run.train()


def finish():
  if DEVICE == "cuda":
    torch.cuda.synchronize()


def ready(start: float) -> Windows:
  facts = dict(compile_seconds=time.perf_counter() - start)
  if DEVICE == "cuda":
    facts["peak_bytes"] = torch.cuda.max_memory_allocated()
  else:
    kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    facts["peak_bytes"] = kib * 1024
  return Windows(finish, versions=VERSIONS, **facts)


def serve(steps) -> None:
  """Warms up, then works through windows; the first step compiles."""
  start = time.perf_counter()
  for _ in range(WARM_UP):
    next(steps)
  finish()
  windows = ready(start)
  for done in steps:
    windows.done(done)


def main(what: str, shape: str) -> None:
  torch.set_num_threads(len(os.sched_getaffinity(0)))
  shape = json.loads(shape)
  if what == "trainer":
    trainer(shape)
  serve(loop(shape, compiled=what == "compiled"))


if __name__ == "__main__":
  main(*sys.argv[1:])
