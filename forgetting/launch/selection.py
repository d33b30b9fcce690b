"""Which runs of a study: a filter on the axes: `domain=kjv seed<3`."""

from collections.abc import Callable, Iterable
import operator
import re

from forgetting import records
from forgetting.config import InputError, Run, Study, amounts

AXES = (
  "domain", "model_params", "total_params", "target_tokens",
  "target_tokens_asked", "injection", "seed", "replay", "method",
)  # fmt: skip
SHOWN = 12  # values of an axis in a message

_CONDITION = re.compile(r"(\w+)(==|<=|>=|!=|=|<|>)(\S+)")
_COMPARE = {
  "<": operator.lt,
  "<=": operator.le,
  ">": operator.gt,
  ">=": operator.ge,
}


def chosen(study: Study, only: str) -> tuple[Run, ...]:
  """The runs that meet every condition, after those that they need.

  Args:
    study: of which.
    only: conditions with spaces between them: AXIS=VALUE,VALUE or AXIS!=VALUE,
      and of numbers AXIS<VALUE, <=, >, >=. Empty: all runs.

  Raises:
    InputError: an axis or a value that the study does not have, or no run.
  """
  runs = study.ordered()
  facts = {run: records.axes(study.name, run) for run in runs}
  conditions = [_condition(word, facts.values()) for word in only.split()]
  wanted = [r for r in runs if all(holds(facts[r]) for holds in conditions)]
  if not wanted:
    raise InputError(
      f"--only: found no run with {only}; there are"
      f" {_all_values(facts.values())}"
    )
  return with_needed(runs, wanted)


def with_needed(runs: Iterable[Run], wanted: Iterable[Run]) -> tuple[Run, ...]:
  """Those of the runs that are wanted, or needed by one that is.

  Args:
    runs: in an order, which is kept.
    wanted: some of them.
  """
  names, open_ = set(), list(wanted)
  while open_:
    run = open_.pop()
    if run.name not in names:
      names.add(run.name)
      open_ += run.needs
  return tuple(run for run in runs if run.name in names)


def _condition(word: str, facts: Iterable[dict]) -> Callable[[dict], bool]:
  found = _CONDITION.fullmatch(word)
  if not found:
    raise InputError(
      f"--only: found {word!r}, expected AXIS=VALUE, AXIS=VALUE,VALUE or"
      f" AXIS<VALUE with an axis of {', '.join(AXES)}"
    )
  axis, sign, text = found.groups()
  if axis not in AXES:
    raise InputError(
      f"--only: found axis {axis!r}; there are {_all_values(facts)}"
    )
  values = _values(axis, facts)
  if sign in _COMPARE:
    return _comparison(axis, sign, text, values)
  wanted = {_known(axis, item, values) for item in text.split(",")}
  if sign == "!=":
    return lambda of: of[axis] is not None and of[axis] not in wanted
  return lambda of: of[axis] in wanted


def _comparison(axis: str, sign: str, text: str, values: list):
  bound = amounts.number(text)
  if bound is None or any(isinstance(value, str) for value in values):
    raise InputError(
      f"--only: found {axis}{sign}{text}, expected a number to compare; {axis}"
      f" has {_shown(values)}"
    )
  compare = _COMPARE[sign]
  return lambda of: of[axis] is not None and compare(of[axis], bound)


def _known(axis: str, text: str, values: list):
  """The value that a word stands for."""
  for value in values:
    if text == value or (
      not isinstance(value, str) and amounts.number(text) == value
    ):
      return value
  raise InputError(
    f"--only: found {axis}={text}, expected some of {_shown(values)}"
  )


def _values(axis: str, facts: Iterable[dict]) -> list:
  return sorted({of[axis] for of in facts} - {None})


def _all_values(facts: Iterable[dict]) -> str:
  by_axis = {axis: _values(axis, facts) for axis in AXES}
  return "; ".join(f"{a} {_shown(v)}" for a, v in by_axis.items() if v)


def _shown(values: list) -> str:
  words = [str(value) for value in values]
  if len(words) > SHOWN:
    words = [*words[: SHOWN - 1], "...", words[-1]]
  return ", ".join(words) or "no value"
