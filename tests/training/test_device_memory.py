import pytest

from forgetting.training.device_memory import is_out_of_memory


@pytest.mark.parametrize(
  "told",
  [
    "RESOURCE_EXHAUSTED: 4 GB",
    "INTERNAL: Failed to instantiate CUDA graph: CUDA_ERROR_OUT_OF_MEMORY",
    "INTERNAL: CUDA_ERROR_OUT_OF_MEMORY: out of memory",
    "INTERNAL: cuBLAS: CUBLAS_STATUS_ALLOC_FAILED",
  ],
)
def test_the_devices_own_words_say_so(told):
  assert is_out_of_memory(RuntimeError(told))


def test_other_errors_do_not():
  assert not is_out_of_memory(ValueError("shapes (3, 4) and (4, 4)"))
  assert not is_out_of_memory(RuntimeError("INTERNAL: an illegal address"))
