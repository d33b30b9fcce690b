"""The families of models, a file each, found by an architecture's class."""

from forgetting.config.model import Decoder, Model
from forgetting.config.transformer import Transformer
from forgetting.training.models import decoder, transformer
from forgetting.training.models.family import Family, Params

FAMILIES: dict[type, Family] = {
  Decoder: decoder,
  Transformer: transformer,
}


def of(model: Model) -> Family:
  """The family that a model's architecture belongs to."""
  return FAMILIES[type(model.architecture)]


def shapes(model: Model) -> Params:
  """Shapes of a model's parameters, without making any."""
  return of(model).shapes(model.architecture)


def init(model: Model, *, seed: int) -> Params:
  """A model's fresh parameters, float32 numpy."""
  return of(model).init(model.architecture, seed=seed)


def hidden(params: Params, tokens_BxL, *, model: Model):
  """What the output layer reads at every position.

  Args:
    params: of the model.
    tokens_BxL: int32 ids.
    model: whose family reads them.

  Returns:
    [B, L, D] of the numerics' dtype.
  """
  return of(model).hidden(
    params,
    tokens_BxL,
    architecture=model.architecture,
    numerics=model.numerics,
  )
