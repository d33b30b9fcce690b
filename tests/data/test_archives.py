"""The pinned archives."""

import re

from forgetting.data import archives
from forgetting.data.archives import Archive

ALL = [value for value in vars(archives).values() if isinstance(value, Archive)]


def test_every_archive_is_pinned_by_a_hash_of_its_own():
  assert len(ALL) > 5
  assert len({a.sha256 for a in ALL}) == len({a.filename for a in ALL})
  for archive in ALL:
    assert re.fullmatch(r"[0-9a-f]{64}", archive.sha256), archive
    assert archive.version in archive.filename
    assert archive.size > 0
    assert archive.pin == f"{archive.package}=={archive.version}"


def test_a_source_archive_is_told_by_its_name():
  for archive in ALL:
    assert archive.is_source == (not archive.filename.endswith(".whl"))
