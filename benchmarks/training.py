"""Speed of training, beside PyTorch and Hugging Face's Trainer.

  python benchmarks/training.py                      # two subjects, toy sizes
  python benchmarks/training.py --sizes 41M 10M      # ours alone, by name
  python benchmarks/training.py --gpu                # 124M, 350M, 1.3B
  python benchmarks/training.py --torch PYTHON       # has torch, transformers

Every row is one process or two pinned ones that live through all windows; the
windows of all rows alternate, in another order every round. Windows in which
other processes were at work are dropped where three are left. Prints rows for
RESULTS.md. What is not installed is said in a line, and the rest measured.

FLOPs a token: 6 (12 L d^2 + V d) + 12 L d T, attention as a full square.
"""

import argparse
from collections.abc import Iterator
import dataclasses
import json
import os
import pathlib
import runpy
import subprocess
import sys
import tempfile

from training_ours import Shape
from training_windows import Cell, Worker, alternate

from forgetting.cost import chips
from forgetting.study.seats import Seat

HERE = pathlib.Path(__file__).parent
SUBJECTS = {
  "1.3M": Shape(4, 128, 4, vocab_size=4096, context=128, batch_size=8),
  "0.12M": Shape(2, 64, 4, vocab_size=256, context=64, batch_size=4),
}
TOYS = {
  f"d {width}": Shape(2, width, heads, 259, context=128, batch_size=16)
  for width, heads in ((32, 2), (64, 2), (128, 4))
}
GPU = {
  "124M": Shape(12, 768, 12, 50304, 1024, 32, dtype="bfloat16"),
  "350M": Shape(24, 1024, 16, 50304, 1024, 32, dtype="bfloat16"),
  "1.3B": Shape(24, 2048, 16, 50304, 1024, 16, dtype="bfloat16"),
}
# peers, the ratio to them that is asked for and the one aimed at
TARGETS = {
  "1.3M": (("trainer", 1.8, 2.2), ("plain", 1.35, 1.6), ("compiled", 1.2, 1.4)),
  "0.12M": (("trainer", 3.0, 4.0),),
}
CEILING = (0.42, 0.55)
NAMES = dict(
  ours="ours",
  stock="ours, without what it does for CPUs",
  trainer="Hugging Face Trainer",
  plain="PyTorch loop",
  compiled="torch.compile loop",
  products="matrix products alone",
)


@dataclasses.dataclass(frozen=True)
class Row:
  """What is measured, and how."""

  what: str
  pinned: bool  # one single-threaded process a core; else one process
  dtype: str = "float32"

  @property
  def name(self) -> str:
    how = "a pinned process a core" if self.pinned else "one process"
    return f"{NAMES[self.what]}, {self.dtype}, {how}"

  @property
  def is_torch(self) -> bool:
    return self.what in ("trainer", "plain", "compiled")


def rows_of(subject: str, torch: bool) -> Iterator[Row]:
  yield Row("ours", True)
  yield Row("ours", False)
  yield Row("stock", False)
  yield Row("products", True)
  if not torch:
    return
  for what in ("trainer", "plain", "compiled"):
    yield Row(what, False)
    yield Row(what, True)
  if subject == "1.3M":
    yield Row("compiled", True, "bfloat16")


class Place:
  """Interpreters and environments of the workers."""

  def __init__(self, torch: str | None, cache: str, *, platform: str):
    self.torch = torch
    self._pinned = {
      "ours": Seat().environment | {"BENCHMARK_CACHE": cache},
      "torch": {"OMP_NUM_THREADS": "1"},
    }
    self._free = {
      # empty: the best there is
      "ours": {"JAX_PLATFORMS": platform, "BENCHMARK_CACHE": cache},
      "torch": {},
    }

  def cell(self, row: Row, shape: Shape) -> Cell:
    """A running cell; its processes are ready."""
    kind = "torch" if row.is_torch else "ours"
    shape = dataclasses.replace(shape, dtype=row.dtype)
    asked = json.dumps(dataclasses.asdict(shape))
    command = [str(HERE / f"training_{kind}.py"), row.what, asked]
    python = self.torch if row.is_torch else sys.executable
    env = (self._pinned if row.pinned else self._free)[kind]
    cores = sorted(os.sched_getaffinity(0)) if row.pinned else [None]
    members = [Worker([python, *command], core=core, env=env) for core in cores]
    facts = [member.answer() for member in members]
    return Cell(row.name, members, facts[0])


def measure(rows: list[Row], shape: Shape, place: Place, asked) -> dict:
  cells = {}
  for row in rows:
    print(f"starting: {row.name}", file=sys.stderr, flush=True)
    try:
      cells[row] = place.cell(row, shape)
    except EOFError as error:
      print(f"{row.name}: does not run ({error})", flush=True)
  alternate(list(cells.values()), seconds=asked.seconds, rounds=asked.rounds)
  for cell in cells.values():
    cell.close()
  return cells


def subject(name: str, place: Place, asked) -> None:
  shape = SUBJECTS[name]
  rows = list(rows_of(name, place.torch is not None))
  cells = measure(rows, shape, place, asked)
  print(f"\n{title(name, shape)}\n")
  print("| | best | median | quiet windows | ours / median | compile s |")
  print("| --- | --- | --- | --- | --- | --- |")
  ours = best_of(cells, "ours")
  for row, cell in cells.items():
    if row.what != "products":
      print(table_row(cell, cell.name, ours / cell.median))
  print()
  if name == "1.3M":
    ceiling = best_of(cells, "products")
    part = ours * shape.model.flops_per_token / ceiling
    verdict("matrix-product ceiling", part, *CEILING)
    print(f"  of {ceiling / 1e9:.0f} GFLOP/s, all cores together")
  for what, must, aim in TARGETS[name]:
    if (peer := best_of(cells, what)) > 0:
      verdict(f"{NAMES[what]}, its best setting", ours / peer, must, aim)


def best_of(cells: dict[Row, Cell], what: str) -> float:
  """Median rate of the best setting in float32; 0 if it was not measured."""
  return max(
    (
      cell.median
      for row, cell in cells.items()
      if row.what == what and row.dtype == "float32"
    ),
    default=0.0,
  )


def verdict(what: str, ratio: float, must: float, aim: float) -> None:
  said = "missed" if ratio < must else "met" if ratio < aim else "aim reached"
  print(f"ours / {what}: {ratio:.2f} (at least {must}, aim {aim}: {said})")


def title(name: str, shape: Shape) -> str:
  s, flops = shape, shape.model.flops_per_token
  return (
    f"{name}: {s.layers} layers, width {s.width}, vocabulary {s.vocab_size},"
    f" context {s.context}, batch {s.batch_size}; {flops / 1e6:.2f} MFLOP a"
    " token. Tokens a second, all processes together"
  )


def table_row(cell: Cell, name: str, *more: float) -> str:
  columns = [f"{cell.best:,.0f}", f"{cell.median:,.0f}"]
  columns += [f"{cell.quiet} of {len(cell.windows)}"]
  columns += [f"{x:.2f}" for x in more]
  columns += [f"{cell.facts.get('compile_seconds', 0):.1f}"]
  return f"| {name} | {' | '.join(columns)} |"


def alone(shapes: dict[str, Shape], place: Place, asked) -> None:
  """Our step at several sizes, one process a core."""
  cells = {
    name: place.cell(Row("ours", True), shape) for name, shape in shapes.items()
  }
  alternate(list(cells.values()), seconds=asked.seconds, rounds=asked.rounds)
  print("\nOurs at several sizes, a pinned process a core; MB of a process\n")
  print(
    "| | best | median | quiet windows | GFLOP/s | evaluation / training",
    end="",
  )
  print(" | peak MB | compile s |\n" + "| --- " * 8 + "|")
  for name, cell in cells.items():
    rate = cell.median * shapes[name].model.flops_per_token / 1e9
    evaluated = cell.facts["evaluated_tokens_per_second"] * len(cell.workers)
    peak = cell.facts["peak_bytes"] / 1e6
    print(table_row(cell, name, rate, evaluated / cell.median, peak))
    cell.close()


def gpu(shapes: dict[str, Shape], place: Place, asked) -> None:
  """One cell after another, for memory's sake: each fills the device."""
  peak = chips.find(asked.chip).bfloat16
  print(f"\nOne device, MFU of {peak / 1e12:.0f} TFLOP/s; GB on the device\n")
  print("| | best | median | quiet windows | MFU | peak GB | compile s |")
  print("| --- " * 7 + "|", flush=True)
  for name, shape in shapes.items():
    for what in ("ours", "compiled") if place.torch else ("ours",):
      row = Row(what, False, shape.dtype)
      try:
        cell = place.cell(row, shape)
      except EOFError as error:
        print(f"{name}, {row.name}: does not run ({error})", flush=True)
        continue
      alternate([cell], seconds=asked.seconds, rounds=asked.rounds)
      mfu = cell.median * shape.model.flops_per_token / peak
      title = f"{name}, {row.name}, batch {shape.batch_size}"
      print(table_row(cell, title, mfu, cell.facts["peak_bytes"] / 1e9))
      cell.close()


def ladder(names: list[str]) -> dict[str, Shape]:
  """Sizes of configs/sizes.py, at the toy sizes' batch and vocabulary."""
  known = runpy.run_path(str(HERE.parent / "configs" / "sizes.py"))
  models = known["PAPER"] | known["ONE_GPU"]
  return {
    name: Shape(
      models[name].layers, models[name].width, models[name].heads, 259, 128, 16
    )
    for name in names
  }


def torch_python(asked: str) -> str | None:
  """An interpreter that has the peers; says in a line what is missing."""
  found = None
  for package in ("torch", "transformers", "accelerate"):
    tried = subprocess.run(
      [asked, "-c", f"import {package} as p; print(p.__version__)"],
      capture_output=True,
      text=True,
      env=os.environ | {"TRANSFORMERS_VERBOSITY": "error"},
    )
    if tried.returncode:
      print(f"{package}: not installed, and not measured")
      continue
    print(f"{package} {tried.stdout.strip()}")
    found = asked if package == "torch" else found
  return found


def main() -> None:
  parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
  parser.add_argument("--torch", default=sys.executable, metavar="PYTHON")
  parser.add_argument("--seconds", type=float, default=1.5, help="of a window")
  parser.add_argument("--rounds", type=int, default=6)
  parser.add_argument("--subjects", nargs="*", default=list(SUBJECTS))
  parser.add_argument("--sizes", nargs="*", help="names in configs/sizes.py")
  parser.add_argument("--gpu", action="store_true")
  parser.add_argument("--chip", default="h200", help="whose peak MFU is of")
  parser.add_argument(
    "--shapes", type=json.loads, help="JSON: other shapes for --gpu, by name"
  )
  asked = parser.parse_args()
  with tempfile.TemporaryDirectory() as cache:
    if asked.sizes:
      alone(ladder(asked.sizes), Place(None, cache, platform="cpu"), asked)
      return
    torch = torch_python(asked.torch)
    if asked.gpu:
      shapes = GPU
      if asked.shapes:
        shapes = {name: Shape(**x) for name, x in asked.shapes.items()}
      gpu(shapes, Place(torch, cache, platform=""), asked)
      return
    place = Place(torch, cache, platform="cpu")
    for name in asked.subjects:
      subject(name, place, asked)
    alone(TOYS, place, asked)


if __name__ == "__main__":
  main()
