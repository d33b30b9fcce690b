"""What trains and measures: the programs of a run alone, or a fleet's."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from forgetting.training.drift import Drift
from forgetting.training.methods.method import Method
from forgetting.training.models.family import Params
from forgetting.training.optimizer import Hyperparameters


class Executor(Protocol):
  """What a run's loop needs of the devices.

  `programs.Programs` serves one run at a time, `fleet.Fleet` many.

  """

  @property
  def method(self) -> Method:
    """How the runs change the weights."""

  @property
  def shapes(self) -> dict:
    """Shapes of a run's state, as checkpoints are read."""

  @property
  def shardings(self) -> dict:
    """Where that state lies."""

  @property
  def losses(self) -> Callable:
    """(params, frozen, chunks [E, L+1], weights [E, L]) -> [E], compiled.

    The mean loss of each sequence, nats a token.
    """

  @property
  def drift(self) -> Drift:
    """What measures the way from base, compiled where it is first wanted."""

  @property
  def device(self) -> str:
    """Kind and number of the devices that the programs run on."""

  def init_state(self, params: Params) -> Mapping[str, Any]:
    """A state at step 0: zero moments around the parameters given."""

  def to_devices(self, params: Params) -> Params:
    """Parameters, kept by `keep` or on the host, as `losses` takes them."""

  @property
  def of_model(self) -> tuple[Params, Params]:
    """Shapes of all parameters of the model, and where they lie when read."""

  def place(self, frozen: Params) -> Params:
    """What a method keeps beside the trained parameters, on the devices."""

  def spread(self, hyperparameters: Hyperparameters) -> Hyperparameters:
    """Those of a run as its steps take them, to be made once."""

  def keep(self, params: Params) -> Params:
    """A copy that no step touches."""

  def put(self, batch: dict) -> dict:
    """This process's rows of a batch, as a step takes them."""


class Alone(Executor, Protocol):
  """An executor of one run, whose steps it takes by itself."""

  @property
  def train(self) -> Callable:
    """(state, frozen, batch, hyperparameters) -> (state, Metrics), compiled."""
