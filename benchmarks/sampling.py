"""Text written by a public model: ours beside transformers' generate.

  python benchmarks/sampling.py SmolLM2-135M --torch .venv-hf/bin/python

Both write sequences of 128 tokens from a first one, in float32, by the whole
distribution at temperature 1, with keys and values kept. One single-threaded
process pinned to a core, or one on all cores; batches of several sizes. Rates
are told by seconds of processors too, which a busy machine hardly changes.
"""

import argparse
import json
import os
import resource
import sys

from training_windows import Cell, Windows, Worker

CONTEXT = 128  # tokens that are written
ROWS = (16, 64)
OURS = {"XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false"}
THEIRS = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


def ours(folder: str, rows: int) -> None:
  """A worker: this program's sampler."""
  import jax
  import numpy as np

  from forgetting.config import Pretrained
  from forgetting.training import sampling
  from forgetting.training.public import reading

  parent = Pretrained(folder)
  model = parent.model(context=CONTEXT)
  sampler = sampling.compile_sampler(model, rows=rows)
  params = sampler.to_devices(reading.load(parent.folder, model.architecture))
  tokens = np.zeros((rows, CONTEXT + 1), np.int32)

  def write(seed: int) -> None:
    sampler.continued(
      params,
      tokens,
      given=1,
      number_B=np.arange(rows),
      seed=seed,
      temperature=1.0,
      top_p=1.0,
    )

  _work(write, rows, versions=f"jax {jax.__version__}")


def theirs(folder: str, rows: int, *, static: bool) -> None:
  """A worker: `generate` of transformers, with its static cache or without."""
  import torch
  import transformers

  if os.environ.get("OMP_NUM_THREADS") == "1":
    torch.set_num_threads(1)
  model = transformers.AutoModelForCausalLM.from_pretrained(
    folder, dtype=torch.float32
  ).eval()
  first = torch.zeros((rows, 1), dtype=torch.long)
  more = dict(cache_implementation="static") if static else {}

  def write(seed: int) -> None:
    torch.manual_seed(seed)
    with torch.inference_mode():
      model.generate(
        first,
        attention_mask=torch.ones_like(first),
        do_sample=True,
        temperature=1.0,
        top_k=0,
        top_p=1.0,
        min_new_tokens=CONTEXT,
        max_new_tokens=CONTEXT,
        pad_token_id=0,
        disable_compile=True,
        **more,
      )

  versions = f"torch {torch.__version__}, transformers"
  _work(write, rows, versions=f"{versions} {transformers.__version__}")


def _work(write, rows: int, **facts) -> None:
  write(0)
  peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
  windows = Windows(lambda: None, peak=peak, **facts)
  seed = 0
  while True:
    seed += 1
    write(seed)
    windows.done(rows * CONTEXT)


def main() -> None:
  parser = argparse.ArgumentParser(description=__doc__)
  parser.add_argument("folder")
  parser.add_argument("--torch", required=True, help="a Python with PyTorch")
  parser.add_argument("--rounds", type=int, default=3)
  parser.add_argument("--seconds", type=float, default=20)
  parser.add_argument("--rows", type=int, nargs="+", default=ROWS)
  parser.add_argument("--worker", help=argparse.SUPPRESS)
  asked = parser.parse_args()
  if asked.worker == "ours":
    return ours(asked.folder, asked.rows[0])
  if asked.worker:
    static = asked.worker == "static"
    return theirs(asked.folder, asked.rows[0], static=static)
  every = os.sched_getaffinity(0)
  for rows in asked.rows:
    cells = []
    for name, python, env in (
      ("ours", sys.executable, OURS),
      ("generate", asked.torch, THEIRS),
      ("static", asked.torch, THEIRS),
    ):
      command = [python, __file__, asked.folder, "--torch", asked.torch]
      command += ["--worker", name, "--rows", str(rows)]
      worker = Worker(command, core=min(every), env=env)
      cells.append(Cell(name, [worker]))
    for cell in cells:
      cell.facts = cell.workers[0].answer()
    for _ in range(asked.rounds):
      for cell in cells:
        cell.windows.append(cell.measure(asked.seconds))
    for cell in cells:
      rates = sorted(window.per_core for window in cell.windows)
      told = dict(
        rows=rows,
        cell=cell.name,
        median=round(cell.median, 1),
        by_processor=round(rates[len(rates) // 2], 1),
        peak_gb=round(cell.facts["peak"] / 1e9, 2),
        versions=cell.facts["versions"],
      )
      print(json.dumps(told), flush=True)
      cell.workers[0].close()


if __name__ == "__main__":
  main()
