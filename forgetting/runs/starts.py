"""What runs start from: a parent's parameters and their losses, read once.

All children of a pretraining start from the same parameters and are measured
against the same base. A process that does several runs holds one `Starts`; what
it keeps is bounded, since parameters may be larger than everything else.
"""

from __future__ import annotations

import collections
from collections.abc import Callable, Iterator, Mapping
import dataclasses
import functools
import typing

import numpy as np

from forgetting.config import InputError, Pretrained, Run
from forgetting.records import RunDirectory, StudyDirectory
from forgetting.runs import text as run_text
from forgetting.runs.evaluators import evaluator_of, measures_of

if typing.TYPE_CHECKING:
  from forgetting.training.evaluator import Evaluator, Losses
  from forgetting.training.executor import Executor
  from forgetting.training.models.family import Params

KEPT_BYTES = 1 << 30  # of parents' parameters; one parent is always kept
KEPT_EVALUATORS = 32  # with their sequences, megabytes each


@dataclasses.dataclass(frozen=True)
class Start:
  """Where a run begins.

  Attributes:
    evaluator: what measures it.
    params: that it trains, as its method starts them; on the host, or where
      no process has all of them on the devices.
    base: their losses, on all sequences.
  """

  evaluator: Evaluator
  params: Params
  base: Losses


class Starts:
  """Starts of runs, those of one parent read and measured once.

  Parameters are kept by parent, the most recently used ones, in at most
  `kept_bytes` or as one parent. Losses, which are small, are kept beside the
  evaluator that measured them. What a method freezes lies on the devices once,
  for all runs from one parent; that of another parent takes its place.
  """

  def __init__(self, *, kept_bytes: int = KEPT_BYTES):
    """Keeps nothing yet.

    Args:
      kept_bytes: of parents' parameters at most; one parent is always kept.
    """
    self._kept_bytes = kept_bytes
    # by parent and in what numbers they are kept
    self._params: collections.OrderedDict[tuple, Params] = (
      collections.OrderedDict()
    )
    self._evaluators: collections.OrderedDict[tuple, Evaluator] = (
      collections.OrderedDict()
    )
    self._bases: dict[Evaluator, Losses] = {}
    self._frozen: tuple[tuple, Params] | None = None

  def of(self, run: Run, study: StudyDirectory, executor: Executor) -> Start:
    """Where a run begins: fresh parameters, or what its parent has kept.

    Args:
      study: where its parent's directory is.
      executor: the programs that train it.

    Raises:
      InputError: the text or the parent's parameters are not there.
    """
    # imported here: planning a study needs no JAX
    from forgetting.training import models

    if isinstance(run.parent, Pretrained):
      read = functools.partial(
        _of_checkpoint, run.parent, run, executor.of_model[1]
      )
      return self._of_child(run, run.parent, executor, read)
    if run.parent is not None:
      parent = study.of(run.parent)
      read = functools.partial(_read, parent, *executor.of_model)
      if run.after:
        read = functools.partial(load_params, parent, run.parent)
      return self._of_child(run, parent, executor, read)
    evaluator = self._evaluator(run, executor, {})
    params = models.init(run.model, seed=run.seed)
    return Start(evaluator, params, evaluator.full(executor.to_devices(params)))

  def forget(self, executor: Executor) -> None:
    """Lets go of programs, and so of what lies on the devices for them.

    Args:
      executor: as it was given to `of`; parents' parameters are kept.
    """
    for key, evaluator in [*self._evaluators.items()]:
      if evaluator.executor is executor:
        self._drop(key)
    if self._frozen and self._frozen[0][1] is executor:
      self._frozen = None

  def _evaluator(
    self, run: Run, executor: Executor, frozen: Params
  ) -> Evaluator:
    key = (measures_of(run), executor)
    if key not in self._evaluators:
      self._evaluators[key] = evaluator_of(run, executor, frozen)
    self._evaluators.move_to_end(key)
    if len(self._evaluators) > KEPT_EVALUATORS:
      self._drop(next(iter(self._evaluators)))
    return self._evaluators[key]

  def _drop(self, key: tuple) -> None:
    self._bases.pop(self._evaluators.pop(key), None)

  def _of_child(
    self,
    run: Run,
    parent: RunDirectory | Pretrained,
    executor: Executor,
    read: Callable[[], Params],
  ) -> Start:
    """Where a child begins; `read` gives its parent's, on the devices."""
    key = (parent, _kept_in(run))
    params = near = self._params.get(key)
    if params is None:
      # measured from the devices, not once a block to them
      near = read()
      # a run's first step gives its buffers away
      params = executor.keep(near)
      self._keep(key, params)
    else:
      self._params.move_to_end(key)
    frozen = self._frozen_beside(run, parent, executor, near)
    evaluator = self._evaluator(run, executor, frozen)
    method = executor.method
    if evaluator not in self._bases:
      first = executor.to_devices(method.trained(near, seed=run.seed))
      self._bases[evaluator] = evaluator.full(first)
    trained = method.trained(params, seed=run.seed)
    return Start(evaluator, trained, self._bases[evaluator])

  def _frozen_beside(
    self,
    run: Run,
    parent: RunDirectory | Pretrained,
    executor: Executor,
    params: Params,
  ) -> Params:
    """What the runs' method keeps of a parent, on the devices."""
    key = (parent, executor)
    if self._frozen and self._frozen[0] == key:
      return self._frozen[1]
    corpus = run.pretrained_by or run
    text = functools.partial(run_text.pretraining_sample, corpus)
    made = executor.method.frozen(params, text=text)
    if not made:
      return made
    for other in [k for k, e in self._evaluators.items() if e.frozen]:
      self._drop(other)
    self._frozen = None  # two bases may be more than the devices hold
    self._frozen = key, executor.place(made)
    return self._frozen[1]

  def _keep(self, key: tuple, params: Params) -> None:
    if not all(isinstance(leaf, np.ndarray) for leaf in _leaves(params)):
      return  # on devices of several processes, which do one run
    self._params[key] = params
    sizes = {at: _bytes(kept) for at, kept in self._params.items()}
    while len(self._params) > 1 and sum(sizes.values()) > self._kept_bytes:
      oldest, _ = self._params.popitem(last=False)
      del sizes[oldest]


def load_parent(study: StudyDirectory, run: Run) -> Params:
  """What a fine-tuning starts from, on all devices.

  Args:
    study: where its parent is, if that is a run.
    run: the fine-tuning.

  Raises:
    InputError: it is not there, or of another model.
  """
  if isinstance(run.parent, Run):
    return load_params(study.of(run.parent), run.parent)
  from forgetting.training import methods, models, programs

  method = methods.of(run.method, run.model)
  whole = models.shapes(run.model)
  return _of_checkpoint(run.parent, run, programs.placed(method, whole))


def load_params(directory: RunDirectory, run: Run) -> Params:
  """What a pretraining ended with, a fine-tuning's best; on all devices.

  Args:
    directory: of the run.
    run: which one.

  Returns:
    all parameters of its model, whatever of them it trained, spread over the
    devices as large models need it.

  Raises:
    InputError: they are not there, or of another model.
  """
  from forgetting.training import methods, models, programs

  method = methods.of(run.method, run.model)
  whole = models.shapes(run.model)
  if run.parent is None:
    return _read(directory, whole, programs.placed(method, whole))
  best = load_trained(directory, run)
  if not method.shapes()[1]:
    return best
  params = load_parent(StudyDirectory(directory.path.parent), run)
  return method.merged(best, method.frozen(params))


def load_trained(directory: RunDirectory, run: Run) -> Params:
  """What a fine-tuning's best keeps: the parameters that its method trains.

  Args:
    directory: of the run.
    run: which one.

  Raises:
    InputError: they are not there, or of another model.
  """
  from forgetting.training import checkpoint, methods, programs

  method = methods.of(run.method, run.model)
  shapes, _ = method.shapes()
  return checkpoint.load_params(
    directory.best, shapes=shapes, shardings=programs.placed(method, shapes)
  )


def _kept_in(run: Run) -> str:
  """The number type in which a run's method wants its parent."""
  return getattr(run.method, "base", "float32")


def _of_checkpoint(parent: Pretrained, run: Run, where: Params) -> Params:
  """A public checkpoint's parameters, on the devices.

  In the numbers that the run's method keeps of them, so that a base frozen in
  16 bits is never there in 32.
  """
  from forgetting.training import sharding
  from forgetting.training.public import reading

  found, expected = parent.architecture(), run.model.architecture
  if found != expected:
    raise InputError(
      f"{parent.path}: config.json has changed since the study was planned;"
      " give the study another name"
    )
  params = reading.load(parent.folder, found, dtype=_kept_in(run))
  return sharding.to_devices(params, where)


def _read(directory: RunDirectory, shapes, shardings) -> Params:
  from forgetting.training.checkpoint import Checkpoints

  with Checkpoints(directory.checkpoints) as checkpoints:
    return checkpoints.load_params(shapes=shapes, shardings=shardings)


def _leaves(params: Params) -> Iterator[np.ndarray]:
  for part in params.values():
    if isinstance(part, Mapping):
      yield from _leaves(part)
    else:
      yield part


def _bytes(params: Params) -> int:
  return sum(leaf.nbytes for leaf in _leaves(params))
