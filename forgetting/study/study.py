"""Does a study's runs in dependency order, skipping what is done."""

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
import dataclasses
import sys
import time

from forgetting.config import InputError, Run, Study, domain_name
from forgetting.config.checks import check
from forgetting.config.saves import Saves
from forgetting.cost import pace
from forgetting.data import cache, sources, store
from forgetting.records import StudyDirectory, plan_file, state
from forgetting.records.state import State
from forgetting.runs import text as run_text
from forgetting.runs import text_checks, text_sources
from forgetting.storage import places
from forgetting.study import seats
from forgetting.study.crew import Crew
from forgetting.study.progress import Progress
from forgetting.study.summary import Summary
from forgetting.study.workers import WorkerOptions

WORTH_TELLING = 1.0  # seconds that preparing a text took


def do_study(
  study: Study,
  *,
  root: str,
  workers: int | None = None,
  saves: Saves = Saves(),
  slots: int | None = None,
  after_first_cell: Callable[[], str] | None = None,
) -> Summary:
  """Prepares the text, then does every run that has no result yet.

  Args:
    study: whose runs.
    root: results go to <root>/<study name>/.
    workers: processes; one a GPU, or one a core, by default.
    saves: what of a run is kept.
    slots: runs that a worker trains together; by default one on a core, and
      as many as a GPU is found to do fastest.
    after_first_cell: called when the first cell is done, which is done before
      others then; the line that it gives is shown.

  Returns:
    what became of each run. That runs failed is told there.

  Raises:
    InputError: before any compute, what the configs or the text cannot give.
    Stopped: on Ctrl-C or SIGTERM, after the runs under way have saved.
  """
  places.check_reached(root)
  check_numbers(workers=workers, slots=slots)
  runs, summary, start = study.ordered(), Summary(), time.monotonic()
  _tell(f"{study.name}: {len(runs)} runs; first their text")
  _check_names(runs)
  missing = prepare_text(runs)
  summary.failed.update(missing)
  gone = _without_text(runs, missing)
  summary.left_out += [run.name for run in runs if run.name in gone]
  runs = tuple(run for run in runs if run.name not in gone)
  summary.text_seconds = time.monotonic() - start
  directory = StudyDirectory.at(root, study.name)
  todo = _check(directory, runs, summary)
  if not todo:
    return summary
  taken = seats.seats()[:workers][: len(todo)]
  options = WorkerOptions(
    study=directory,
    saves=dataclasses.replace(
      saves, parents=(*saves.parents, *study.continued)
    ),
    compilation_cache=str(cache.root() / "compiled"),
    slots=slots,
  )
  plan_file.write(directory.path, tolerance=study.tolerance, runs=study.runs)
  done = len(summary.skipped)
  # of an accelerator's speed a second's measuring would tell nothing
  on_cores = all(seat.on_cpu for seat in taken)
  estimate = pace.seconds(todo, cores=len(taken)) if on_cores else None
  start = time.monotonic()
  progress = Progress(todo, done=done, study=directory, estimate=estimate)
  with progress:
    crew = Crew(options, todo, summary, progress, after_first_cell)
    crew.work(taken)
  summary.seconds = time.monotonic() - start
  summary.write(directory.path / "study.json")
  return summary


def _tell(line: str) -> None:
  print(line, file=sys.stderr, flush=True)


def check_numbers(*, workers: int | None, slots: int | None) -> None:
  """Refuses numbers of processes, and of runs that one trains together.

  Args:
    workers, slots: as of `do_study`.

  Raises:
    InputError: one of them is less than 1.
  """
  for name, number in (("--workers", workers), ("--slots", slots)):
    check(number is None or number >= 1, name, number, "1 or more")


def prepare_text(runs: Sequence[Run]) -> dict[str, str]:
  """Fetches and cuts the text of all runs that is not yet in the store.

  Text of which a visible share is damaged is told, on standard error.

  Returns:
    domains that cannot be had -> one line why; the others are prepared.

  Raises:
    InputError: pretraining text cannot be had, or no domain can.
  """
  run_text.fetch_parents(runs)
  wanted = text_sources.wanted_by(runs)
  mixed = {s for run in runs for s in text_sources.pretraining_sources(run)}
  for one in wanted:
    # a name that is wrong is told before any download
    sources.find(one.source)
  missing = {}
  for number, one in enumerate(wanted, 1):
    start = time.monotonic()
    try:
      prepared = store.prepare(
        one.source, context=one.context, tokenizer=one.tokenizer
      )
      if (seconds := time.monotonic() - start) > WORTH_TELLING:
        _tell(
          f"text {number}/{len(wanted)}: {prepared.name} prepared in"
          f" {seconds:.0f} s"
        )
      for note in store.notes(prepared, least=store.VISIBLE):
        print(f"forgetting: {prepared.name}: {note}", file=sys.stderr)
    except InputError as error:
      if one.source in mixed:
        raise
      missing[one.source] = error
  if missing and len(missing) == len({run.domain for run in runs} - {None}):
    raise next(iter(missing.values()))
  return {source: str(error) for source, error in missing.items()}


def prepare(runs: Sequence[Run]) -> None:
  """Prepares the text of runs that others do, who share this cache.

  Raises:
    InputError: it cannot be had, or is not what the runs ask for.
  """
  _check_names(runs)
  for line in prepare_text(runs).values():
    raise InputError(line)
  for run in runs:
    text_checks.check_text(run)


def _without_text(runs: Sequence[Run], missing: Container[str]) -> set[str]:
  """Names of runs whose domain cannot be had, and of those that need them."""
  gone: set[str] = set()
  for run in runs:  # each after those that it needs
    if run.domain in missing or any(need.name in gone for need in run.needs):
      gone.add(run.name)
  return gone


def _check(
  study: StudyDirectory, runs: Sequence[Run], summary: Summary
) -> list[Run]:
  """The runs to do; refuses before compute what cannot be done."""
  todo = []
  for became in state.by_results(study, runs):
    run = became.run
    if became.state is State.LOST:
      summary.left_out.append(run.name)
    elif became.state in state.OUTSTANDING:
      text_checks.check_text(run)
      todo.append(run)
    else:
      _check_same_text(run, became.result["text"])
      _check_same_parent(run, became.result.get("parent", {}))
      if became.state is State.DIVERGED:
        summary.failed[run.name] = f"{run.name}: {became.reason}"
      else:
        summary.skipped.append(run.name)
  return todo


def _check_same_text(run: Run, expected: dict[str, str]) -> None:
  found = run_text.text_fingerprint(run)
  if text_sources.waits_for_samples(run):
    # what its parent wrote for it is a function of the parent
    expected = {key: expected[key] for key in expected if key in found}
  for split in sorted(found.keys() | expected.keys()):
    if found.get(split) != expected.get(split):
      raise InputError(
        f"{run.name}: the text {split} has changed since it was done: found"
        f" {str(found.get(split))[:12]}, expected"
        f" {str(expected.get(split))[:12]}; give the study another name to"
        " start anew"
      )


def _check_same_parent(run: Run, expected: Mapping[str, str]) -> None:
  for part, found in (run_text.identity(run) or {}).items():
    if found != expected.get(part):
      raise InputError(
        f"{run.name}: the {part} of {expected.get('path')} has changed since it"
        f" was done: found {found[:12]}, expected"
        f" {str(expected.get(part))[:12]}; give the study another name to start"
        " anew"
      )


def _check_names(runs: Iterable[Run]) -> None:
  """Tables and results tell text by name alone."""
  named = {}
  for source in dict.fromkeys(
    s for r in runs for s in text_sources.sources_of(r)
  ):
    name = domain_name(source)
    if name in named:
      raise InputError(
        f"text: found {named[name]!r} and {source!r}, which tables would both"
        f" call {name!r}; rename one"
      )
    named[name] = source
