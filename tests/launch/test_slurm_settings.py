"""Profiles that do not hold."""

import dataclasses
import re

import pytest

from forgetting.config import InputError
from forgetting.launch import slurm


@pytest.mark.parametrize(
  ("profile", "line"),
  [
    (dict(partitoin="a"), "did you mean 'partition'?"),
    (dict(nodes=0), "nodes: found 0, expected 1 or more"),
    (dict(nodes=2), "expected one: "),
    (dict(template="absent.sbatch"), "found no file absent.sbatch"),
  ],
)
def test_what_does_not_hold_is_refused(slurm_launch, profile, line):
  launch = dataclasses.replace(slurm_launch, profile=profile)
  with pytest.raises(InputError, match=re.escape(line)) as error:
    slurm.render(launch)
  assert "\n" not in str(error.value)
