"""Packed files: by their endings, and what they hold."""

import gzip
import io
import zipfile

import pyarrow
import pytest

from forgetting.storage import packing


@pytest.mark.parametrize(
  ("name", "found"),
  [
    ("a/b.d/notes.JSONL.GZ", (".jsonl", ".gz")),
    ("notes.txt", (".txt", "")),
    ("notes.zip", ("", ".zip")),
    ("notes", ("", "")),
  ],
)
def test_endings(name, found):
  assert packing.endings(name) == found


def test_what_is_packed_is_read():
  zst = pyarrow.compress(b"words", "zstd", asbytes=True)
  for ending, content in ((".gz", gzip.compress(b"words")), (".zst", zst)):
    with packing.unpacked(io.BytesIO(content), ending) as stream:
      assert stream.read() == b"words"


@pytest.mark.parametrize(
  ("name", "litter"),
  [
    (".notes.txt.swp", True),
    ("._notes.txt", True),
    ("notes.txt~", True),
    ("Thumbs.db", True),
    ("__MACOSX", True),
    ("notes.txt", False),
    ("bak", False),
  ],
)
def test_litter(name, litter):
  assert packing.is_litter(name) is litter


def test_the_files_in_a_zip_but_no_litter():
  packed = io.BytesIO()
  with zipfile.ZipFile(packed, "w") as archive:
    for name in ("b/x.txt", "a.txt", "__MACOSX/a.txt", "b/.DS_Store"):
      archive.writestr(name, "words")
  archive, names = packing.members(packed)
  assert names == ["a.txt", "b/x.txt"]
  archive.close()
