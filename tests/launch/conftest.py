"""What several test files of this folder share."""

import dataclasses

import pytest

from forgetting.config import Study


@pytest.fixture
def study(finetuning, text) -> Study:
  """Two domains, three injections, two seeds; one parent."""
  runs = (
    dataclasses.replace(finetuning, domain=text[d], injection=p, seed=s)
    for d in ("law", "poems") for p in (0, 0.05, 0.25) for s in (0, 1)
  )  # fmt: skip
  return Study(name="toy", runs=tuple(runs))
