"""Files that only one of two processes gets."""

import threading

from forgetting.storage import claim_files


def test_of_two_at_once_one_creates(directory):
  file, got = claim_files.of(directory / "claim"), []
  ready = threading.Barrier(8)

  def create(number: int) -> None:
    ready.wait()
    if seen := file.create(b"%d" % number):
      got.append(seen)

  threads = [threading.Thread(target=create, args=(n,)) for n in range(8)]
  for thread in threads:
    thread.start()
  for thread in threads:
    thread.join()
  assert len(got) == 1
  assert file.read().content == got[0].content


def test_what_has_changed_is_not_swapped_nor_removed(directory):
  file = claim_files.of(directory / "claim")
  first = file.create(b"1")
  assert file.create(b"2") is None
  second = file.swap(first, b"2")
  assert second.content == b"2"
  assert file.swap(first, b"3") is None
  assert file.renew(first) is None
  assert file.read().content == b"2"
  second = file.renew(second)
  assert file.read().age < 60
  file.remove(second)
  assert file.read() is None
  assert file.renew(second) is None
