"""Where the time of a study goes, and how fast training alone is.

  python benchmarks/quickstart.py            # reads runs/quickstart
  python benchmarks/quickstart.py runs/mine  # or any done study

Prints, from the results that the study wrote: tokens a second of training
alone and of the study as a whole, by model size; the share of the workers'
time in evaluation, in input, in compilation, in start-up (parameters, text) and
in imports; wall time, programs compiled and found in the cache, peak memory.
"""

import json
import pathlib
import sys

import pandas as pd

KINDS = ("training", "evaluation", "input", "compilation", "start")


def main(folder: str = "runs/quickstart") -> None:
  study = pathlib.Path(folder)
  results = [
    json.loads(file.read_text()) for file in study.glob("*/result.json")
  ]
  table = pd.DataFrame(map(row, results))
  by_size = table.groupby("model_params").sum(numeric_only=True)
  by_size["runs"] = table.groupby("model_params").size()
  shown = pd.concat([by_size, by_size.sum().to_frame("all").T])
  print(shares(shown).to_string(float_format=lambda x: f"{x:,.3g}"))
  facts = json.loads((study / "study.json").read_text())
  print()
  for name, value in facts.items():
    print(f"{name}: {value:,.4g}")
  tokens, worker_seconds = (
    table.tokens.sum(),
    facts["workers"] * facts["seconds"],
  )
  print(f"tokens/s of the whole study: {tokens / facts['seconds']:,.0f}")
  for name, seconds in (
    ("imports", facts["import_seconds"]),
    ("runs", table.wall.sum()),
  ):
    print(
      f"{name}: {100 * seconds / worker_seconds:.1f} % of the workers' time"
    )


def row(result: dict) -> dict:
  spent = {kind: result["seconds"].get(kind, 0.0) for kind in KINDS}
  return dict(
    model_params=result["model_params"],
    tokens=result["tokens"],
    wall=result["wall_seconds"],
    **spent,
  )


def shares(sums: pd.DataFrame) -> pd.DataFrame:
  out = sums[["runs", "tokens", "wall"]].copy()
  out["tokens/s training"] = sums.tokens / sums.training
  out["tokens/s of a run"] = sums.tokens / sums.wall
  for kind in KINDS:
    out[f"{kind} %"] = 100 * sums[kind] / sums.wall
  return out


if __name__ == "__main__":
  main(*sys.argv[1:])
