"""Everything that a GPU is to show, in one command and one table.

  python benchmarks/gpu.py                  # below eight minutes on one GPU
  python benchmarks/gpu.py --torch PYTHON   # has torch, transformers, peft
  python benchmarks/gpu.py --small          # in miniature, on CPU too
  python benchmarks/gpu.py --only mfu resume

Each part is a process of its own with a time of its own: one that fails, or is
late, is a row that says so, and the others are measured all the same. A peer
that is not installed is told in its column. Nothing is fetched. Prints rows for
RESULTS.md, then what failed.
"""

import argparse
from collections.abc import Iterator
import json
import pathlib
import queue
import subprocess
import sys
import threading
import time

import gpu_parts

HERE = pathlib.Path(__file__).parent
SECONDS = {  # of each part, on a GPU
  "resume": 40,
  "mfu": 170,
  "fleets": 80,
  "llama": 110,
  "tests": 70,
}
MOST = sum(SECONDS.values())
assert MOST < 8 * 60


def rows_of(part: str, asked: argparse.Namespace) -> Iterator[dict]:
  """What a part measures, as it comes; a row that it failed.

  Args:
    part: one of SECONDS.
    asked: the options.
  """
  command = [sys.executable, str(HERE / "gpu_parts.py"), part]
  command += ["--torch", asked.torch, "--chip", asked.chip]
  command += ["--small"] if asked.small else []
  process = subprocess.Popen(
    command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
  )
  lines: queue.Queue = queue.Queue()
  told: list[str] = []  # what it says beside its rows
  readers = [
    threading.Thread(target=_read, args=(process.stdout, lines.put)),
    threading.Thread(target=_read, args=(process.stderr, told.append)),
  ]
  for reader in readers:
    reader.start()
  end = time.monotonic() + asked.seconds * SECONDS[part]
  late = False
  while any(r.is_alive() for r in readers[:1]) or not lines.empty():
    try:
      line = lines.get(timeout=min(1.0, max(end - time.monotonic(), 0.01)))
    except queue.Empty:
      if time.monotonic() > end:
        late = True
        process.terminate()  # its workers end with what they read from
        break
      continue
    if line.startswith("{"):
      yield json.loads(line)
    else:
      told.append(line)
  code = process.wait()
  if late:
    yield failed(part, f"not done in {asked.seconds * SECONDS[part]:.0f} s")
  elif code:
    yield failed(part, _last(told) or f"exit code {code}")


def _read(stream, take) -> None:
  for line in stream:
    take(line)


def _last(told: list[str]) -> str:
  """The last line of an error, which says what it was."""
  return next((x.strip() for x in reversed(told) if x.strip()), "")


def failed(what: str, why: str) -> dict:
  """A row of what did not come to an end."""
  return gpu_parts.row(what, "failed", failure=why)


def cells(row: dict) -> str:
  """A row of the table."""
  ratio = "" if row["ratio"] is None else f"{row['ratio']:.2f}"
  return f"| {row['what']} | {row['ours']} | {row['beside']} | {ratio} |"


def main() -> None:
  """Prints the table, then what failed; exit code 1 where something did."""
  parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
  parser.add_argument("--torch", default=sys.executable, metavar="PYTHON")
  parser.add_argument("--chip", default="h200", help="whose peak MFU is of")
  parser.add_argument("--small", action="store_true")
  parser.add_argument(
    "--only", nargs="*", default=list(SECONDS), choices=SECONDS
  )
  parser.add_argument(
    "--seconds", type=float, default=1.0, help="times those of each part"
  )
  asked = parser.parse_args()
  start, failures = time.monotonic(), []
  print("| what | ours | beside it | ratio |\n" + "| --- " * 4 + "|")
  for part in asked.only:
    for row in rows_of(part, asked):
      print(cells(row), flush=True)
      failures += [row] if row["failure"] else []
  print(f"\n{time.monotonic() - start:.0f} s in all")
  for row in failures:
    print(f"failed: {row['what']}: {row['failure']}")
  sys.exit(1 if failures else 0)


if __name__ == "__main__":
  main()
