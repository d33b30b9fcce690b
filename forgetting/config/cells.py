"""Runs at cells: a size, an amount of target text, an injection.

A study has some; others are like those of its runs that are nearest.
"""

from collections.abc import Iterable, Mapping, Sequence
import dataclasses

from forgetting.config.errors import InputError
from forgetting.config.names import domain_name
from forgetting.config.run import Run

Cell = tuple[int, int, float]  # model params, target tokens, injection


def cell_of(run: Run) -> Cell:
  """Where a fine-tuning is."""
  return run.model.model_params, run.target_tokens, float(run.injection)


def tuned_on(
  runs: Iterable[Run], domain: str, method: str = "full"
) -> list[Run]:
  """The fine-tunings of a study that laws are fitted to.

  Args:
    runs: of it.
    domain: their target domain, by its name.
    method: theirs, a word of the column `method`.
  """
  return [
    run
    for run in runs
    if run.domain is not None
    and domain_name(run.domain) == domain
    and run.method.word == method
    and run.replay is None
    and run.replay_source is None
  ]


def runs_at(
  like: Sequence[Run], cells: Mapping[Cell, Iterable[int]]
) -> tuple[Run, ...]:
  """Runs at cells: those of a study where it has them, and runs like them.

  A run that is new is the study's nearest one with another amount of target
  text, injection or seed. It goes as often over its target text as the study's
  own do at that amount, or takes as many steps where those all take as many.

  Args:
    like: fine-tunings of one domain, as of `tuned_on`.
    cells: cell -> seeds.

  Raises:
    InputError: a size that no run has.
  """
  return tuple(
    dataclasses.replace(_at(like, cell), seed=seed)
    for cell, seeds in cells.items()
    for seed in seeds
  )


def _at(like: Sequence[Run], cell: Cell) -> Run:
  size, tokens, injection = cell
  of_size = [run for run in like if run.model.model_params == size]
  if not of_size:
    sizes = sorted({run.model.model_params for run in like})
    raise InputError(
      f"{size} parameters: found no run of that size, expected one of"
      f" {', '.join(map(str, sizes)) or 'none'}"
    )
  nearest = _nearest(of_size, tokens, injection)
  if cell_of(nearest) == cell:
    return nearest
  same_text = nearest.target_tokens == tokens
  return dataclasses.replace(
    nearest,
    injection=injection,
    steps=_steps(like, nearest, tokens, injection),
    # what was asked for, where that gave as many
    target_tokens_asked=nearest.target_tokens_asked if same_text else tokens,
  )


def _nearest(runs: Sequence[Run], tokens: int, injection: float) -> Run:
  return min(
    runs,
    key=lambda run: (
      abs(run.target_tokens - tokens),
      abs(run.injection - injection),
    ),
  )


def _steps(like, nearest: Run, tokens: int, injection: float) -> int:
  known = nearest
  if nearest.target_tokens != tokens:
    known = _nearest(like, tokens, injection)
  steps = known.steps * known.tokens_per_step / nearest.tokens_per_step
  steps *= tokens / known.target_tokens
  if not _takes_as_many(like):
    steps *= (1 - known.injection) / (1 - injection)
  return max(round(steps), 1)


def _takes_as_many(like: Sequence[Run]) -> bool:
  """Whether runs take as many steps whatever they inject."""
  seen: dict[tuple[int, int], set[int]] = {}
  injections: dict[tuple[int, int], set[float]] = {}
  for run in like:
    size, tokens, injection = cell_of(run)
    seen.setdefault((size, tokens), set()).add(run.steps)
    injections.setdefault((size, tokens), set()).add(injection)
  told = [key for key, found in injections.items() if len(found) > 1]
  return bool(told) and all(len(seen[key]) == 1 for key in told)
