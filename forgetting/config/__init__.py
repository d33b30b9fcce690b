"""What a run and a study are: frozen dataclasses and their names.

Standard library only: a config is read where neither JAX nor TensorFlow is.
"""

from forgetting.config.errors import InputError, TableWarning
from forgetting.config.evaluation import Evaluation
from forgetting.config.method import EWC, KL, L2SP, Freeze, Full, LoRA, Method
from forgetting.config.model import BYTE_VOCABULARY, Model
from forgetting.config.names import domain_name
from forgetting.config.optimizer import Optimizer
from forgetting.config.pretrained import Pretrained
from forgetting.config.replay_source import (
  OtherText,
  Repeated,
  ReplaySource,
  SelfText,
)
from forgetting.config.run import Replay, Run
from forgetting.config.study import Study

__all__ = [
  "BYTE_VOCABULARY",
  "EWC",
  "KL",
  "L2SP",
  "Evaluation",
  "Freeze",
  "Full",
  "InputError",
  "LoRA",
  "Method",
  "Model",
  "Optimizer",
  "OtherText",
  "Pretrained",
  "Repeated",
  "Replay",
  "ReplaySource",
  "Run",
  "SelfText",
  "Study",
  "TableWarning",
  "domain_name",
]
