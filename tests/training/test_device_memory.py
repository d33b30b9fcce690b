from forgetting.training.device_memory import is_out_of_memory


def test_only_the_devices_own_word_says_so():
  assert is_out_of_memory(RuntimeError("RESOURCE_EXHAUSTED: 4 GB"))
  assert not is_out_of_memory(ValueError("shapes (3, 4) and (4, 4)"))
