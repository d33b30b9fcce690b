"""Language models that forecast a task's row from text alone.

The trained forecasters that Jin & Ren hold matrix completion against: heads on
the states of a frozen encoder (`heads`). Whatever is chosen, pooling and decay,
is chosen on training tasks that are left out, with their whole domains where
the new tasks are of other domains; the authors' released code chooses on the
test rows.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from scipy.special import expit

from forgetting.associations import heads
from forgetting.associations.states import POOLINGS, States
from forgetting.config import InputError

DECAYS = (0.1, 0.3, 1.0)
FOLDS = 5  # groups of training tasks that are left out in turn
FAMILIES = 3  # at least, to be what is left out


@dataclasses.dataclass(frozen=True)
class Form:
  """A way to forecast.

  Attributes:
    name: in tables.
    prior: whether the heads say what is above an example's mean, of a binary
      matrix its log-odds with one smoothed in; else above the mean of all.
    pair: whether examples have a head of their own.
  """

  name: str
  prior: bool = True
  pair: bool = False


FORMS = (
  Form("lm_rep", prior=False),
  Form("lm_rep_prior"),
  Form("lm_pair_prior", pair=True),
)


@dataclasses.dataclass(frozen=True, eq=False)
class Forecasts:
  """Rows forecast without a measured cell of them.

  Attributes:
    name: of the form.
    new: [t, N] of the new tasks; nats per token, of a binary matrix logits.
    left_out: [n, N] of the training tasks, each by heads that have seen
      neither it nor its group.
    binary: whether cells are 0 or 1.
    told: what left-out tasks have chosen, by name.
  """

  name: str
  new: np.ndarray
  left_out: np.ndarray
  binary: bool
  told: dict[str, float | str]

  def means(self, forecasts: np.ndarray) -> np.ndarray:
    """What cells are expected to be: of logits the probability.

    Args:
      forecasts: any of the above.
    """
    return expit(forecasts) if self.binary else forecasts


@dataclasses.dataclass(frozen=True, eq=False)
class _Tasks:
  """Training tasks, and what of their text the heads read.

  Attributes:
    values: [n, N] z without NaN.
    states: of all tasks.
    rows: [n] positions of the training tasks among them.
    groups: [n] number of the fold in which each is left out.
    binary: whether cells are 0 or 1.
  """

  values: np.ndarray
  states: States
  rows: np.ndarray
  groups: np.ndarray
  binary: bool

  def forecast(self, form, pooling, decay, *, seen, asked) -> np.ndarray:
    """Rows of some tasks by heads trained on others.

    Args:
      form: of `FORMS`.
      pooling, decay: see `heads`.
      seen: mask or positions of the training tasks that are trained on.
      asked: positions among all tasks.

    Returns:
      [asked, N]
    """
    examples, tasks = self.states.of(pooling)
    values = self.values[seen]
    prior = _prior(values, form, self.binary)
    trained = heads.train(
      tasks[self.rows[seen]],
      examples,
      values,
      prior,
      pair=form.pair,
      sign=1.0 if self.binary else -1.0,  # each as its paper has it
      binary=self.binary,
      decay=decay,
    )
    return prior + trained.forecast(tasks[asked], examples)

  def left_out(self, form, pooling, decay) -> np.ndarray:
    """Every training row by heads that have not seen its group, [n, N]."""
    out = np.empty(self.values.shape)
    for group in np.unique(self.groups):
      own = self.groups == group
      out[own] = self.forecast(
        form, pooling, decay, seen=~own, asked=self.rows[own]
      )
    return out

  def error(self, forecasts: np.ndarray) -> float:
    """Of left-out rows, what heads are trained to lower."""
    return heads.loss_of(forecasts, self.values, binary=self.binary)


def forecast(
  form: Form,
  states: States,
  values: np.ndarray,
  *,
  train: np.ndarray,
  new: np.ndarray,
  words: np.ndarray,
) -> Forecasts:
  """Trains a form on the training tasks and forecasts the others.

  Args:
    form: of `FORMS`.
    states: of all tasks and examples of a matrix.
    values: [n, N] rows of the training tasks without NaN; nothing else of the
      matrix is looked at.
    train: [n] their positions among all tasks.
    new: [t] positions of the tasks that are asked for.
    words: [n] tasks that share one are left out together.

  Raises:
    InputError: the states are of other tasks or examples, or the training
      tasks are all of one group.
  """
  _check(states, values, train, new)
  groups = folds_of(words)
  binary = bool(np.isin(values, (0.0, 1.0)).all())
  tasks = _Tasks(values, states, train, groups, binary)
  middle = DECAYS[len(DECAYS) // 2]
  tried = {(p, middle): tasks.left_out(form, p, middle) for p in POOLINGS}
  pooling, _ = min(tried, key=lambda chosen: tasks.error(tried[chosen]))
  for decay in DECAYS:
    if decay != middle:
      tried[pooling, decay] = tasks.left_out(form, pooling, decay)
  best = min(tried, key=lambda chosen: tasks.error(tried[chosen]))
  rows = tasks.forecast(form, *best, seen=slice(None), asked=new)
  told = dict(zip(("pooling", "decay"), best, strict=True))
  return Forecasts(form.name, rows, tried[best], binary, told)


def folds_of(words: np.ndarray) -> np.ndarray:
  """In which fold each task is left out, by chance with a fixed seed.

  Args:
    words: [n]; tasks that share one are in one fold.

  Returns:
    int64 [n], at most `FOLDS` numbers.

  Raises:
    InputError: all share one: there is nothing to choose by.
  """
  names, which = np.unique(words, return_inverse=True)
  if len(names) < 2:
    raise InputError(
      "forecasters: found training tasks of one kind, expected two or more: one"
      " is left out to choose by"
    )
  place = np.random.default_rng(0).permutation(len(names))
  return place[which] % FOLDS


def groups_of(
  families: np.ndarray, repeats: np.ndarray, new: np.ndarray
) -> np.ndarray:
  """What training tasks are left out by, so that they are as new as the new.

  Args:
    families, repeats: [n] words of the training tasks.
    new: families of the new tasks.

  Returns:
    [n] words: the domains, where the new tasks are of none of these and there
    are three or more; else tasks, with their other seeds.
  """
  known = np.isin(new, families).any()
  enough = len(np.unique(families)) >= FAMILIES
  return families if enough and not known else repeats


def _check(states: States, values, train, new) -> None:
  expected = (max(*train, *new) + 1, values.shape[1])
  found = (len(states.tasks), len(states.examples))
  if found[0] < expected[0] or found[1] != expected[1]:
    raise InputError(
      f"states: found those of {found[0]} tasks and {found[1]} examples,"
      f" expected {expected[0]} or more and {expected[1]} as the matrix has"
    )


def _prior(values: np.ndarray, form: Form, binary: bool) -> np.ndarray:
  """What is forecast where the heads say nothing, [N]."""
  total, count = values.sum(0), len(values)
  if not form.prior:  # one number, of all cells together
    total, count = np.full_like(total, values.sum()), values.size
  if not binary:
    return total / count
  return np.log((total + 1) / (count - total + 1))
