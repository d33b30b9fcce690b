"""This machine: what `forgetting study` would start here.

It submits nothing: `study.do_study` does the runs at once, in processes where
`study.seats` puts them.
"""

from forgetting.launch.jobs import Launch
from forgetting.records.state import State
from forgetting.study import seats
from forgetting.study.study import check_numbers

SETTINGS = None  # what a profile may say


def check(launch: Launch) -> None:
  """Refuses numbers of workers and slots that are none.

  Raises:
    InputError: one line, before anything is done.
  """
  check_numbers(workers=launch.workers, slots=launch.slots)


def render(launch: Launch) -> dict[str, str]:
  """The runs that would be done, and by what; {} where none is left."""
  if not launch.todo:
    return {}
  taken = seats.seats()[: launch.workers][: len(launch.todo)]
  how, count = taken[0].executor, len(launch.todo)
  told = f"{len(taken)} workers of this machine, {how}, would do {count} runs"
  if not launch.names:
    return {"here": f"{told}; --names lists them"}
  lines = "\n".join(f"  {run.name}" for run in launch.todo)
  return {"here": f"{told}\n{lines}"}


def queued(launch: Launch) -> dict[str, State]:
  """Nothing: here is no queue, and runs under way say so themselves."""
  del launch  # an engine is asked so
  return {}
