"""The cell that a study does before all others, so that something is seen."""

from collections.abc import Sequence

from forgetting.config import Run
from forgetting.config.method import FULL


def first_cell(todo: Sequence[Run]) -> frozenset[str]:
  """The names of the runs of the cheapest whole cell, its parent with them.

  Args:
    todo: runs without a result.

  Returns:
    fine-tunings of one parent, domain and number of target tokens, by at least
    two injections, full ones where there are any, and the parent where it is
    to do; empty where no cell is whole, as at a resume in the middle of each.
  """
  cells: dict[tuple, list[Run]] = {}
  for run in todo:
    own = run.replay is None and run.replay_source is None
    if run.domain is not None and own and run.parent is not None:
      key = run.parent, run.domain, run.target_tokens, run.method, run.seed
      cells.setdefault(key, []).append(run)
  names = {run.name for run in todo}
  whole = [
    [*cell, *(need for need in cell[0].needs if need.name in names)]
    for cell in cells.values()
    if len({run.injection for run in cell}) > 1
  ]
  if not whole:
    return frozenset()
  # beside full fine-tunings those by another method are left out of figures
  cheapest = min(
    whole,
    key=lambda cell: (cell[0].method != FULL, sum(run.flops for run in cell)),
  )
  return frozenset(run.name for run in cheapest)
