"""Speed on a public model's shape, beside transformers and PEFT.

  python benchmarks/checkpoints.py --torch PYTHON      # has torch, transformers
  python benchmarks/checkpoints.py --only LoRA --places one

SmolLM2-135M's shape with random weights: full fine-tuning, LoRA of every matrix
of the layers at rank 16, and the loss alone (ours as an evaluation has it, 32
sequences a call and eight at a time; the peers' by batch). One process on all
cores, and a pinned process a core, as a study has its workers; ours and the
peers' windows alternate, and each is told at its best. Prints rows for
RESULTS.md.
"""

import argparse
import json
import os
import sys
import tempfile

from memory import SIZES
from training_places import HERE, in_force, torch_python
from training_windows import Cell, Worker, alternate

from forgetting.study.seats import Seat

ASKED = {"full": 1.0, "LoRA": 1.2, "loss": 1.0}  # of the best peer
AIMED = {"full": 1.25, "LoRA": 1.5, "loss": 1.25}
SHAPE = dict(
  sizes=SIZES["SmolLM2 135M"],
  context=256,
  batch_size=4,
  dtype="float32",
  remat="dots",
)
SMALL = dict(sizes=(2, 32, 4, 2, 64, 256, True), context=32)
PEERS = ("torch", "compiled")
NAMES = dict(
  ours="ours", torch="transformers", compiled="transformers, torch.compile"
)


def worker_of(
  who: str, what: str, shape: dict, *, core: int | None, asked, cache: str
) -> Worker:
  """A process that does it.

  Args:
    who: `ours` or one of PEERS.
    what: one of ASKED.
    core: that it is pinned to; None: it has them all.
  """
  if who == "ours":
    command = [sys.executable, str(HERE / "training_llama.py"), what]
    env = Seat().environment if core is not None else {"JAX_PLATFORMS": "cpu"}
    env = env | {"BENCHMARK_CACHE": cache}
  else:
    way = "-compiled" if who == "compiled" else ""
    program = HERE / "training_llama_torch.py"
    command = [asked.torch, str(program), what + way]
    env = {} if core is None else {"OMP_NUM_THREADS": "1"}
  return Worker([*command, json.dumps(shape)], core=core, env=env)


def measured(what: str, place: str, shape: dict, asked, cache: str):
  """Cells of ours and of the peers that can be run, measured."""
  cores = sorted(os.sched_getaffinity(0)) if place == "each" else [None]
  cells = []
  for who in ("ours", *asked.peers):
    workers = [
      worker_of(who, what, shape, core=core, asked=asked, cache=cache)
      for core in cores
    ]
    cell = Cell(who, workers)
    try:
      cell.facts, *_ = [worker.answer() for worker in workers]
    except EOFError as error:
      print(f"{NAMES[who]}, {what}: failed, {error}", flush=True)
      cell.close()
      continue
    cells.append(cell)
  alternate(cells, seconds=asked.seconds, rounds=asked.rounds)
  for cell in cells:
    cell.close()
  return cells


def line(what: str, place: str, cell: Cell) -> str:
  """A row of the table."""
  how = "one process" if place == "one" else "a pinned process a core"
  peak = cell.facts["peak_bytes"] / 2**30
  return (
    f"| {what} | {NAMES[cell.name]}, {how} | {cell.median:,.1f} |"
    f" {peak:.1f} | {cell.quiet} of {len(cell.windows)} |"
  )


def told(what: str, best: dict[str, float]) -> str:
  """Ours beside the best of the peers, each at its best place."""
  peers = {who: rate for who, rate in best.items() if who != "ours"}
  if "ours" not in best or not peers:
    return f"{what}: not compared"
  who = max(peers, key=lambda peer: peers[peer])
  return (
    f"{what}: {best['ours'] / peers[who]:.2f} times {NAMES[who]}"
    f" (asked {ASKED[what]}, aimed at {AIMED[what]})"
  )


def peers_of(asked) -> tuple[str, ...]:
  """Those that can be run; says in a line what is missing."""
  if not torch_python(asked.torch, ("torch", "transformers", "peft")):
    return ()
  return PEERS if asked.compile else PEERS[:1]


def main() -> None:
  """Prints the table, then the ratios."""
  parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
  parser.add_argument("--torch", default=sys.executable, metavar="PYTHON")
  parser.add_argument(
    "--compile", action="store_true", help="torch.compile too: minutes more"
  )
  parser.add_argument("--small", action="store_true", help="in miniature")
  parser.add_argument("--only", nargs="*", default=list(ASKED), choices=ASKED)
  parser.add_argument(
    "--places", nargs="*", default=["one", "each"], choices=["one", "each"]
  )
  parser.add_argument("--rounds", type=int, default=3)
  parser.add_argument("--seconds", type=float, default=30.0)
  asked = parser.parse_args()
  shape = SHAPE | (SMALL if asked.small else {})
  asked.peers = peers_of(asked)
  print(in_force(None))
  print("| what | who | tokens/s | peak GiB a process | quiet windows |")
  print("| --- " * 5 + "|")
  ratios = []
  with tempfile.TemporaryDirectory() as cache:
    for what in asked.only:
      best: dict[str, float] = {}
      for place in asked.places:
        for cell in measured(what, place, shape, asked, cache):
          print(line(what, place, cell), flush=True)
          best[cell.name] = max(best.get(cell.name, 0.0), cell.median)
      ratios.append(told(what, best))
  print("\n" + "\n".join(ratios))


if __name__ == "__main__":
  main()
