import numpy as np
from public_checkpoints import architecture
import public_models
import pytest

from forgetting.training.public import names


@pytest.mark.parametrize("case", public_models.CONFIGS)
def test_tensors_are_those_of_transformers(case):
  told = str(np.load(public_models.FILE)[f"{case}/names"]).split("\n")
  c = architecture(case)
  assert {*names.by_name(c, names.prefixes(c)[0], told)} == {*told}


@pytest.mark.parametrize("case", public_models.CONFIGS)
def test_every_parameter_is_in_one_tensor(case):
  c = architecture(case)
  paths = [path for t in names.tensors(c) for path in t.paths]
  assert sorted(paths) == sorted(c.shapes)
