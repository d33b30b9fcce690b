"""What a grid of small runs takes beside its training steps.

  python benchmarks/training_grid.py [--shorter 4] [--domains kjv wiki_fr]

Does a study of 54 fine-tunings, 3 sizes x 18, and their 3 pretrainings: the
quickstart's with three of its four injections, its steps and text divided by
SHORTER, and its own evaluations. Then: wall time x workers / seconds of
training steps, and what the rest went into. The text is prepared first, and
programs compiled before are found in the cache.
"""

import argparse
import dataclasses
import json
import pathlib
import runpy
import tempfile

import pandas as pd
from quickstart import KINDS, row

from forgetting.config import Run, Study
from forgetting.study.study import do_study, prepare_text

CONFIGS = pathlib.Path(__file__).parent.parent / "configs"
INJECTIONS = (0, 0.05, 0.2)
MUST, AIM = 1.25, 1.1


def grid(domains: list[str], shorter: int) -> Study:
  quickstart = runpy.run_path(str(CONFIGS / "quickstart.py"))
  whole = quickstart["study"](tuple(domains))
  runs = [run for run in whole.runs if run.injection in INJECTIONS]
  return Study(name="grid", runs=tuple(shortened(run, shorter) for run in runs))


def shortened(run: Run, by: int) -> Run:
  parent = dataclasses.replace(run.parent, steps=run.parent.steps // by)
  return dataclasses.replace(
    run,
    target_tokens_asked=run.target_tokens_asked // by,
    steps=run.steps // by,
    parent=parent,
  )


def report(study: pathlib.Path) -> None:
  facts = json.loads((study / "study.json").read_text())
  results = study.glob("*/result.json")
  runs = pd.DataFrame(row(json.loads(x.read_text())) for x in results)
  spent = facts["workers"] * facts["seconds"]
  ratio = spent / runs.training.sum()
  print(
    f"{len(runs)} runs, {facts['workers']} workers, {facts['seconds']:.1f} s:"
    f" {ratio:.3f} times their training steps (at most {MUST}, aim {AIM})"
  )
  parts = {kind: runs[kind].sum() for kind in KINDS}
  parts["saving and the rest of the runs"] = runs.wall.sum() - sum(
    parts.values()
  )
  parts["imports"] = facts["import_seconds"]
  parts["between runs, and idle"] = spent - sum(parts.values())
  for what, seconds in parts.items():
    print(f"| {what} | {seconds:.1f} s | {100 * seconds / spent:.1f} % |")


def main() -> None:
  parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
  parser.add_argument("--shorter", type=int, default=4)
  parser.add_argument("--domains", nargs=2, default=["kjv", "wiki_fr"])
  asked = parser.parse_args()
  study = grid(asked.domains, asked.shorter)
  prepare_text(study.ordered())
  with tempfile.TemporaryDirectory() as folder:
    print(do_study(study, root=folder))
    report(pathlib.Path(folder) / study.name)


if __name__ == "__main__":
  main()
