"""Speed of training, beside PyTorch and Hugging Face's Trainer.

  python benchmarks/training.py                      # two subjects, toy sizes
  python benchmarks/training.py --sizes 41M 10M      # ours alone, by name
  python benchmarks/training.py --gpu                # 124M, 350M, 1.3B
  python benchmarks/training.py --torch PYTHON       # has torch, transformers
  python benchmarks/training.py --isa avx2           # as where there is no more

Every row is one process or two pinned ones that live through all windows; the
windows of all rows alternate, in another order every round. Windows in which
other processes were at work are dropped where three are left. Prints rows for
RESULTS.md. What is not installed is said in a line, and the rest measured.

FLOPs a token: 6 (12 L d^2 + V d) + 12 L d T, attention as a full square.

Beside our step its parts are measured by themselves (training_parts.py). The
sum of their times bounds what the step can reach with these parts.
"""

import argparse
from collections.abc import Iterator
import json
import runpy
import sys
import tempfile

from training_ours import Shape
from training_places import (
  HERE,
  ISA,
  NAMES,
  PARTS,
  Place,
  Row,
  in_force,
  torch_python,
)
from training_windows import Cell, alternate

from forgetting.cost import chips

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
  "1.3M": (("trainer", 1.8, 2.2), ("plain", 1.35, 1.6), ("compiled", 1.3, 1.6)),
  "0.12M": (("trainer", 3.0, 4.0), ("plain", 1.6, 2.0), ("compiled", 1.6, 2.0)),
}
CEILING = (0.42, 0.55)
BOUND = 0.55  # of what the parts alone would reach together


def rows_of(subject: str, torch: bool) -> Iterator[Row]:
  yield Row("ours", True)
  yield Row("ours", False)
  yield Row("stock", False)
  for part in PARTS:
    yield Row(part, True)
  if not torch:
    return
  for what in ("trainer", "plain", "compiled"):
    yield Row(what, False)
    yield Row(what, True)
  if subject == "1.3M":
    yield Row("compiled", True, "bfloat16")


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
    if row.what not in PARTS:
      print(table_row(cell, cell.name, ours / cell.median))
  print()
  if name == "1.3M":
    products = next(c for row, c in cells.items() if row.what == "products")
    ceiling = products.median * products.facts["flops_per_token"]
    part = ours * shape.model.flops_per_token / ceiling
    verdict("matrix-product ceiling", part, *CEILING)
    print(f"  of {ceiling / 1e9:.0f} GFLOP/s, all cores together")
  by_parts({name: (shape, cells)})
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


def by_parts(measured: dict[str, tuple[Shape, dict[Row, Cell]]]) -> None:
  """Where a step goes, and how much of what its parts allow it reaches."""
  print("\nA step of a pinned process and its parts alone, ms a core\n")
  print(
    f"| | {' | '.join(PARTS)} | sum | step | sum / step | products, GFLOP/s |"
  )
  print("| --- " * (len(PARTS) + 5) + "|")
  for name, (shape, cells) in measured.items():
    ms = {}
    for row, cell in cells.items():
      if row.pinned and row.what in (*PARTS, "ours"):
        tokens = shape.batch_size * shape.context * len(cell.workers)
        ms[row.what] = 1e3 * tokens / cell.median
      if row.what == "products":
        products = cell.median * cell.facts["flops_per_token"] / 1e9
    if missing := {*PARTS, "ours"} - {*ms}:
      print(f"| {name} | does not run: {', '.join(sorted(missing))} |")
      continue
    bound, step = sum(ms[part] for part in PARTS), ms["ours"]
    numbers = [*(ms[part] for part in PARTS), bound, step]
    columns = " | ".join(f"{x:.2f}" for x in numbers)
    said = "missed" if bound / step < BOUND else "met"
    print(f"| {name} | {columns} | {bound / step:.2f}", end="")
    print(f" (at least {BOUND}: {said}) | {products:.0f} |", flush=True)


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
  rows = [Row(what, True) for what in ("ours", *PARTS)]
  by_name = {
    name: (shape, {row: place.cell(row, shape) for row in rows})
    for name, shape in shapes.items()
  }
  cells = {name: found[rows[0]] for name, (_, found) in by_name.items()}
  every = [cell for _, found in by_name.values() for cell in found.values()]
  alternate(every, seconds=asked.seconds, rounds=asked.rounds)
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
  by_parts(by_name)
  for cell in every:
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


def main() -> None:
  parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
  parser.add_argument("--torch", default=sys.executable, metavar="PYTHON")
  parser.add_argument("--seconds", type=float, default=1.5, help="of a window")
  parser.add_argument("--rounds", type=int, default=6)
  parser.add_argument("--subjects", nargs="*", default=list(SUBJECTS))
  parser.add_argument("--sizes", nargs="*", help="names in configs/sizes.py")
  parser.add_argument("--isa", choices=ISA, help="hold every row to it")
  parser.add_argument("--gpu", action="store_true")
  parser.add_argument("--chip", default="h200", help="whose peak MFU is of")
  parser.add_argument(
    "--shapes", type=json.loads, help="JSON: other shapes for --gpu, by name"
  )
  asked = parser.parse_args()
  if not asked.gpu:
    print(in_force(asked.isa))
  with tempfile.TemporaryDirectory() as cache:
    if asked.sizes:
      place = Place(None, cache, platform="cpu", isa=asked.isa)
      alone(ladder(asked.sizes), place, asked)
      return
    torch = torch_python(asked.torch)
    if asked.gpu:
      shapes = GPU
      if asked.shapes:
        shapes = {name: Shape(**x) for name, x in asked.shapes.items()}
      gpu(shapes, Place(torch, cache, platform=""), asked)
      return
    place = Place(torch, cache, platform="cpu", isa=asked.isa)
    for name in asked.subjects:
      subject(name, place, asked)
    alone(TOYS, place, asked)


if __name__ == "__main__":
  main()
