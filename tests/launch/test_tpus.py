"""Cloud TPUs by name."""

import dataclasses

import pytest
from tpu_profiles import GKE, SKYPILOT

from forgetting.config import InputError
from forgetting.launch import gke, skypilot, tpus


@pytest.mark.parametrize(
  ("name", "hosts", "runtime"),
  [
    ("v5litepod-8", 1, "v2-alpha-tpuv5-lite"),
    ("tpu-v5litepod-16", 4, "v2-alpha-tpuv5-lite"),
    ("v6e-256", 64, "v2-alpha-tpuv6e"),
    ("v4-8", 1, "tpu-ubuntu2204-base"),
    ("v4-32", 4, "tpu-ubuntu2204-base"),
    ("v5p-16", 2, "v2-alpha-tpuv5"),
  ],
)
def test_a_slice_by_its_name(name, hosts, runtime):
  found = tpus.find(name, where="x")
  assert (found.hosts, found.runtime) == (hosts, runtime)


@pytest.mark.parametrize(
  ("name", "told"),
  [
    ("v99-8", "tpu.toml: accelerator: found 'v99-8', expected a TPU as"),
    ("v5lite-8", "did you mean v5litepod?"),
    ("v5litepod-12", "expected one of v5litepod-1, v5litepod-4"),
    ("h100", "expected a TPU as v5litepod-16, of v2, v3"),
  ],
)
def test_a_slice_that_is_not_sold_is_named(pods_launch, name, told):
  for engine, given in ((skypilot, SKYPILOT), (gke, GKE)):
    wrong = dataclasses.replace(
      pods_launch, profile=given | {"accelerator": name}
    )
    with pytest.raises(InputError) as error:
      engine.check(wrong)
    assert told in str(error.value) and "\n" not in str(error.value)
