"""A process and the one that had its number before."""

from forgetting.storage.holders import Holder


def test_a_process_that_has_the_number_of_a_dead_one_is_another():
  own = Holder.own()
  assert not own.gone(own)
  before = Holder(**{**vars(own), "started": "1"})
  assert before.gone(own)
