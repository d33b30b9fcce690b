"""Save, resume, load parameters only: the one place that knows Orbax."""

from collections.abc import Callable, Iterator
import contextlib
import logging
import pathlib
import sys
from typing import Any, NamedTuple

from etils import epath
import jax
from orbax.checkpoint import v1 as ocp

from forgetting.config import InputError
from forgetting.storage import places
from forgetting.training import processes


class Resumed(NamedTuple):
  """What a run goes on from."""

  step: int
  state: dict
  best_params: dict
  batches: Iterator


class Checkpoints:
  """The newest states of one run, under ckpt/<step>/.

  Parameters are an item of their own, so that a fine-tuning or an analysis
  reads them without the optimizer.
  """

  def __init__(self, directory: pathlib.Path):
    self._directory = _absolute(directory)
    self._saving: ocp.AsyncResponse | None = None  # the save under way
    # Orbax logs tracebacks of what is told here in one line
    logging.getLogger("absl").setLevel(logging.CRITICAL)
    # what it declares and what it accepts differ in its own types
    newest: Any = ocp.training.preservation_policies.LatestN(2)
    with _told_in_one_line(self._directory):
      self._checkpointer = ocp.training.Checkpointer(
        str(self._directory),
        preservation_policy=newest,
        # what a kill left half-written is removed, never read
        cleanup_tmp_directories=True,
      )

  def __enter__(self) -> "Checkpoints":
    return self

  def __exit__(self, *_) -> None:
    try:
      self._finish()
    finally:
      with contextlib.suppress(Exception):  # told by _finish already
        self._checkpointer.close()

  def _finish(self) -> None:
    """Waits for the save under way."""
    saving, self._saving = self._saving, None
    if saving is not None:
      with _told_in_one_line(self._directory):
        saving.result()

  @property
  def latest_step(self) -> int | None:
    """Of the newest complete checkpoint; None: there is none."""
    latest = self._checkpointer.latest
    return None if latest is None else latest.step

  def save(self, state, *, best_params, batches: Iterator) -> None:
    """Writes a state, the best parameters so far and the place in the data.

    Of most data the step is the whole place; batches that have more of it
    know how to save themselves. Returns once the devices' memory is copied;
    the files are written while training goes on.

    Args:
      state: params, optimizer and step, on the devices or the host.
      best_params: trained parameters of the best evaluation so far.
      batches: what is drawn from next.

    Raises:
      InputError: this or the save before could not be written.
    """
    self._finish()
    step = int(state["step"])
    if self.latest_step is not None and step <= self.latest_step:
      return  # a resume passes the step that it started from
    rest = {k: v for k, v in state.items() if k != "params"}
    items = dict(params=state["params"], rest=rest, best=best_params)
    with _told_in_one_line(self._directory):
      self._saving = self._checkpointer.save_checkpointables_async(
        step, items | _data(batches)
      )

  def resume(
    self, *, shapes, shardings, batches: Callable[[int], Iterator]
  ) -> Resumed | None:
    """The newest state that can be read; None where there is none.

    One that is damaged is set aside and told.

    Args:
      shapes, shardings: of a state.
      batches: gives those from a step on.
    """
    while (step := self.latest_step) is not None:
      drawn, error = batches(step), None
      try:
        state, best = self._again_from_a_bucket(
          lambda drawn=drawn: self.load(
            shapes=shapes, shardings=shardings, batches=drawn
          )
        )
      except InputError:
        raise
      except Exception as found:  # Orbax has no one kind for damage
        error = found
      if not processes.told_by_any(error is not None):
        return Resumed(step, state, best, drawn)
      self._set_aside(step, error)
    return None

  def _again_from_a_bucket(self, load: Callable):
    """Loads; what fails there is tried once more: networks come back.

    Raises:
      InputError: it cannot be reached: nothing is said about what is there.
    """
    try:
      return load()
    except Exception:
      if not places.is_remote(self._directory):
        raise
      places.check_reached(self._directory)
      return load()

  def _set_aside(self, step: int, error: Exception | None) -> None:
    """Where the error is another process's, this one has none."""
    damaged = self._directory / str(step)
    aside = self._directory.with_name(f"{self._directory.name}-damaged")
    if processes.first():
      places.make_folder(aside)
      number = len(list(aside.glob("*")))
      epath.Path(damaged).rename(aside / f"{step}-{number}")
      reason = str(error or "by another process").strip().partition("\n")[0]
      print(
        f"forgetting: {damaged}: cannot be read ({reason[:200]}); it is now in"
        f" {aside}, and the newest complete checkpoint is used",
        file=sys.stderr,
      )
    processes.wait_for_others("set aside")
    self._checkpointer.reload()

  def load(self, *, shapes, shardings, batches: Iterator):
    """The newest state, and the best parameters up to it.

    Args:
      shapes, shardings: of a state.
      batches: those that know how to save themselves are put where they were.

    Returns:
      the state and the best parameters.
    """
    abstract = _abstract(shapes, shardings)
    params = abstract.pop("params")
    loaded = self._checkpointer.load_checkpointables(
      self.latest_step,
      dict(params=params, rest=abstract, best=params) | _data(batches),
    )
    return loaded["rest"] | {"params": loaded["params"]}, loaded["best"]

  def load_params(self, *, shapes, shardings):
    """Parameters of the newest step.

    Args:
      shapes, shardings: of parameters.

    Raises:
      InputError: none there, or of another shape than expected.
    """
    self._finish()
    directory, step = self._checkpointer.directory, self.latest_step
    if step is None:
      raise InputError(
        f"{directory}: found no checkpoint, expected the parent's"
      )
    where = f"{directory}/{step}"
    try:
      metadata = self._checkpointer.checkpointables_metadata(step).metadata
      _check_shapes(metadata["params"], shapes, where=where)
      abstract = dict(params=_abstract(shapes, shardings))
      return self._again_from_a_bucket(
        lambda: self._checkpointer.load_checkpointables(step, abstract)
      )["params"]
    except InputError:
      raise
    except Exception as error:  # an older step is not what was measured
      raise InputError(
        f"{where}: cannot be read, expected the parent's parameters; remove"
        f" {directory.parent} to do it again"
      ) from error


def save_params(directory: pathlib.Path, params) -> None:
  """Parameters alone, in a folder of their own.

  Args:
    directory: made, or written anew.
    params: on the devices.

  Raises:
    InputError: it cannot be written.
  """
  with _told_in_one_line(directory):
    ocp.save_checkpointables(
      str(_absolute(directory)), dict(params=params), overwrite=True
    )


def load_params(directory: pathlib.Path, *, shapes, shardings):
  """What `save_params` has written.

  Args:
    directory: that it was given.
    shapes, shardings: of parameters.

  Raises:
    InputError: nothing is there.
  """
  if not directory.exists():
    raise InputError(
      f"{directory}: found no parameters, expected those of the best"
      " evaluation; they are kept with --keep-best"
    )
  abstract = dict(params=_abstract(shapes, shardings))
  where = str(_absolute(directory))
  return ocp.load_checkpointables(where, abstract)["params"]


def _absolute(directory: pathlib.Path) -> pathlib.Path:
  """Orbax refuses relative paths."""
  return directory if places.is_remote(directory) else directory.resolve()


@contextlib.contextmanager
def _told_in_one_line(directory: pathlib.Path) -> Iterator[None]:
  """A full disk or a folder that cannot be written: what is saved is kept."""
  try:
    yield
  except (OSError, ValueError) as error:
    # TensorStore's errors are ValueErrors that name the system's
    system = isinstance(error, OSError) or "os_error_code" in str(error)
    if not system:
      raise
    reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
    raise InputError(
      f"{directory}: cannot be written ({reason}); what was saved before is"
      " kept: make room there, then run the same command again"
    ) from error


def _data(batches: Iterator) -> dict:
  stateful = isinstance(batches, ocp.StatefulCheckpointable)
  return dict(data=batches) if stateful else {}


def _abstract(shapes, shardings):
  return jax.tree.map(
    lambda s, where: jax.ShapeDtypeStruct(s.shape, s.dtype, sharding=where),
    shapes,
    shardings,
  )


def _check_shapes(found, expected, *, where: str) -> None:
  """Compares before loading: Orbax's own message does not name the leaf."""
  found, expected = (_named_shapes(tree) for tree in (found, expected))
  for name in sorted(found.keys() | expected.keys()):
    if found.get(name) != expected.get(name):
      raise InputError(
        f"{where}: parameter {name}: found shape {found.get(name)}, expected"
        f" {expected.get(name)}; the checkpoint is of another model"
      )


def _named_shapes(tree) -> dict[str, tuple[int, ...]]:
  leaves, _ = jax.tree_util.tree_flatten_with_path(
    tree, is_leaf=lambda x: hasattr(x, "shape")
  )
  name = jax.tree_util.keystr
  return {
    name(path, simple=True, separator="/"): tuple(leaf.shape)
    for path, leaf in leaves
  }
