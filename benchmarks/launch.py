"""How long the program takes over a study of two thousand runs.

  python benchmarks/launch.py        # seconds of each step

No run is done: a stub writes what a trainer would have written. Timed are what
a launch on SLURM would render, the status of the empty and of the done study,
a relaunch that finds nothing to do, the table of all results and the curves.
"""

from collections.abc import Callable, Sequence
import itertools
import os
import pathlib
import random
import tempfile
import time

from forgetting.config import Model, Optimizer, Run, Study
from forgetting.records import RunDirectory, axes

SIZES, SEEDS, EVALUATIONS = 20, 2, 17
TARGETS = (64, 96, 128, 160, 192)
INJECTIONS = (0, 0.01, 0.02, 0.05, 0.1)


def study(pretraining: Sequence[str], domains: Sequence[str]) -> Study:
  """Twenty sizes, each fine-tuned over domains, D, p and seeds."""
  runs = []
  for size in range(1, SIZES + 1):
    parent = Run(
      model=Model(layers=1, width=8 * size, heads=2, context=32),
      optimizer=Optimizer(peak_lr=1e-3),
      steps=10,
      batch_size=4,
      injection=1,
      pretraining=tuple(pretraining),
    )
    cells = itertools.product(domains, TARGETS, INJECTIONS, range(SEEDS))
    runs += [_child(parent, *cell) for cell in cells]
  return Study(name="load", runs=tuple(runs))


def _child(parent: Run, domain: str, tokens: int, p: float, seed: int) -> Run:
  return Run(
    model=parent.model,
    optimizer=parent.optimizer,
    steps=20,
    batch_size=4,
    pretraining=parent.pretraining,
    injection=p,
    domain=domain,
    target_tokens_asked=tokens,
    seed=seed,
    parent=parent,
  )


def write_results(of: Study, root: str) -> None:
  """As if every run had been done."""
  from forgetting.runs import text as run_text

  for run in of.ordered():
    directory = RunDirectory.of(root, of.name, run)
    text = run_text.text_fingerprint(run)
    directory.create(run, text=text)
    for step in range(EVALUATIONS):
      directory.append(_losses(run) | dict(step=step, seconds=step, lr=1e-3))
    known = axes(of.name, run) | _losses(run)
    directory.write_result(
      known
      | dict(status="done", best_step=3, steps=20, tokens=2560, text=text)
      | dict(stop_reason="all steps done", wall_seconds=5.0, versions={})
    )


def _losses(run: Run) -> dict:
  return dict(
    pretrain_loss=3.0 - run.injection, base_pretrain_loss=2.5,
    target_loss=2.0, base_target_loss=2.5,
  )  # fmt: skip


def main() -> None:
  with tempfile.TemporaryDirectory() as folder:
    os.environ["FORGETTING_CACHE"] = f"{folder}/cache"
    sources = [_text(pathlib.Path(folder), name) for name in "abc"]
    _time_all(lambda: study(sources[:1], sources[1:]), root=f"{folder}/runs")


def _text(folder: pathlib.Path, name: str) -> str:
  """Documents of made-up words, one a file."""
  draw = random.Random(name)
  (folder / name).mkdir()
  for i in range(200):
    words = ("".join(draw.choices("aeioknst", k=5)) for _ in range(80))
    (folder / name / f"{i}.txt").write_text(" ".join(words))
  return str(folder / name)


def _time_all(make: Callable[[], Study], root: str) -> None:
  from forgetting import records
  from forgetting.launch import slurm, verbs
  from forgetting.study import study as study_lib

  def planned():
    options = dict(only=(), limit=None, profile_file=None)
    return verbs.planned(make(), study_file="load.py", root=root, **options)

  def status():
    runs, launch = planned()
    return verbs.status(launch, runs, on="local")

  print(f"{len(make().ordered())} runs")
  _time("render for SLURM", lambda: slurm.render(planned()[1]))
  _time("status, nothing done", status)
  study_lib.prepare(make().ordered())
  write_results(make(), root)
  _time("status, all done", status)
  _time("relaunch", lambda: study_lib.do_study(make(), root=root))
  _time("table", lambda: records.load(f"{root}/load"))
  _time("curves", lambda: records.curves(f"{root}/load"))


def _time(what: str, function: Callable[[], object]) -> None:
  start, cpu = time.perf_counter(), time.process_time()
  function()
  took, busy = time.perf_counter() - start, time.process_time() - cpu
  print(f"{what:>22}  {took:6.2f} s, {busy:6.2f} s of one core", flush=True)


if __name__ == "__main__":
  main()
