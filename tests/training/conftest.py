"""Programs and parameters of the small runs."""

import pytest

from forgetting.training import (
  models,
)
from forgetting.training.programs import compile_programs


@pytest.fixture
def programs(finetuning):
  return compile_programs(finetuning.model, batch_size=finetuning.batch_size)


@pytest.fixture
def params(finetuning):
  return models.init(finetuning.model, seed=0)
