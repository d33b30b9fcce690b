"""Save, resume, load parameters only: the one place that knows Orbax."""

from collections.abc import Iterator
import pathlib

import jax
from orbax.checkpoint import v1 as ocp

from forgetting.config import InputError


class Checkpoints:
  """The newest states of one run, under ckpt/<step>/.

  Parameters are an item of their own, so that a fine-tuning or an analysis
  reads them without the optimizer.
  """

  def __init__(self, directory: pathlib.Path):
    self._checkpointer = ocp.training.Checkpointer(
      directory.resolve(),  # Orbax refuses relative paths
      preservation_policy=ocp.training.preservation_policies.LatestN(2),
      # what a kill left half-written is removed, never read
      cleanup_tmp_directories=True,
    )

  def __enter__(self) -> "Checkpoints":
    return self

  def __exit__(self, *_) -> None:
    self._checkpointer.close()

  @property
  def latest_step(self) -> int | None:
    latest = self._checkpointer.latest
    return None if latest is None else latest.step

  def save(self, state, *, best_params, batches: Iterator) -> None:
    """Writes a state, the best parameters so far and the place in the data.

    Of most data the step is the whole place; batches that have more of it
    know how to save themselves.
    """
    step = int(state["step"])
    if self.latest_step is not None and step <= self.latest_step:
      return  # a resume passes the step that it started from
    rest = {k: v for k, v in state.items() if k != "params"}
    items = dict(params=state["params"], rest=rest, best=best_params)
    self._checkpointer.save_checkpointables(step, items | _data(batches))

  def load(self, *, shapes, shardings, batches: Iterator):
    """The newest state, and the best parameters up to it.

    Batches that have a place of their own are put there.
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

    Raises:
      InputError: none there, or of another shape than expected.
    """
    directory, step = self._checkpointer.directory, self.latest_step
    if step is None:
      raise InputError(
        f"{directory}: found no checkpoint, expected the parent's"
      )
    metadata = self._checkpointer.checkpointables_metadata(step).metadata
    _check_shapes(metadata["params"], shapes, where=f"{directory}/{step}")
    abstract = dict(params=_abstract(shapes, shardings))
    return self._checkpointer.load_checkpointables(step, abstract)["params"]


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
