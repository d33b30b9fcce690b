"""Measures whole parameters of a model, where nothing is trained."""

from collections.abc import Callable
import dataclasses

import jax
import numpy as np

from forgetting.config import Model
from forgetting.config.method import FULL
from forgetting.training import methods, models, programs, sharding
from forgetting.training.models.family import Params


@dataclasses.dataclass(frozen=True, eq=False)
class Measuring:
  """The program of losses alone, on all devices: for an `Evaluator`.

  Attributes:
    losses: as of `executor.Executor`, with nothing frozen.
    shardings: of all parameters.
  """

  losses: Callable
  shardings: Params

  @classmethod
  def of(cls, model: Model) -> "Measuring":
    """Compiles it.

    Args:
      model: whose parameters will be measured.
    """
    method = methods.of(FULL, model)
    lies = programs.placed(method, models.shapes(model))
    mesh = jax.tree.leaves(lies)[0].mesh
    return cls(programs.compile_losses(method, mesh, (lies, {})), lies)

  def to_devices(self, params: Params) -> Params:
    """Parameters as `losses` takes them."""
    return sharding.to_devices(params, self.shardings)

  def keep(self, params: Params) -> Params:
    """A copy on the host."""
    return jax.tree.map(np.asarray, params)
