"""The methods by which a fine-tuning changes the weights, a file each."""

from forgetting import config
from forgetting.config import Model
from forgetting.training.methods.ewc import EWC
from forgetting.training.methods.freeze import Freeze
from forgetting.training.methods.full import Full
from forgetting.training.methods.kl import KL
from forgetting.training.methods.l2sp import L2SP
from forgetting.training.methods.lora import LoRA
from forgetting.training.methods.method import Method

METHODS: dict[type, type[Method]] = {
  config.Full: Full,
  config.LoRA: LoRA,
  config.Freeze: Freeze,
  config.L2SP: L2SP,
  config.EWC: EWC,
  config.KL: KL,
}


def of(method: config.Method, model: Model) -> Method:
  """What a config's method does to a model's weights.

  Raises:
    InputError: it names parts that the model does not have.
  """
  return METHODS[type(method)](method.program, model)
