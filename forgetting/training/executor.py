"""What trains and measures: the programs of a run alone, or a fleet's."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from forgetting.training.methods.method import Method
from forgetting.training.models.family import Params


class Executor(Protocol):
  """What a run's loop needs of the devices.

  `programs.Programs` serves one run at a time, `fleet.Fleet` many.

  Attributes:
    method: how the runs change the weights.
    shapes, shardings: of a run's state, as checkpoints are read.
    losses: (params, base, chunks [E, L+1], weights [E, L]) -> [E], compiled:
      the mean loss of each sequence, nats a token.
  """

  method: Method
  shapes: dict
  shardings: dict
  losses: Callable

  @property
  def device(self) -> str:
    """Kind and number of the devices that the programs run on."""

  def init_state(self, params: Params) -> Mapping[str, Any]:
    """A state at step 0: zero moments around the parameters given."""

  def to_devices(self, params: Params) -> Params:
    """Parameters, kept by `keep` or on the host, as `losses` takes them."""

  def keep(self, params: Params) -> Params:
    """A copy that no step touches."""

  def put(self, batch: dict) -> dict:
    """This process's rows of a batch, as a step takes them."""
