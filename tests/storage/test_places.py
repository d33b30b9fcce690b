"""Files by name, in a folder and in a bucket."""

import pytest

from forgetting.config import InputError
from forgetting.storage import places


def test_what_is_written_is_read_whole(directory):
  file = directory / "a" / "b.json"
  places.make_folder(file.parent)
  assert not file.exists()
  for content in (b"one", b"two"):
    places.write(file, content)
    assert file.read_bytes() == content
  places.append(file, "\nthree")
  places.append(directory / "a" / "c.txt", "four")
  assert file.read_text() == "two\nthree"
  assert [f.name for f in sorted(directory.glob("*/*"))] == ["b.json", "c.txt"]
  assert places.each([file, file], lambda f: f.name) == ["b.json"] * 2


@pytest.mark.parametrize(
  ("path", "told"),
  [
    ("s3://x/y", "found s3://, expected a folder or gs://BUCKET/FOLDER"),
    ("gs://", "found no bucket, expected gs://BUCKET/FOLDER"),
  ],
)
def test_a_place_that_is_none_is_named(path, told):
  with pytest.raises(InputError, match=told):
    places.place(path)


def test_without_gcsfs_the_extra_is_named(monkeypatch):
  monkeypatch.setattr(places.importlib.util, "find_spec", lambda name: None)
  with pytest.raises(InputError, match=r"install the extra gcs: pip install"):
    places.place("gs://x/y")


def test_a_bucket_that_is_not_there_is_named(bucket):
  places.check_reached(bucket)
  with pytest.raises(InputError, match="found no bucket not-there, expected"):
    places.check_reached("gs://not-there/runs")


def test_missing_credentials_are_told_in_one_line(monkeypatch):
  class Refusing:
    def call(self, *_, **__):
      raise OSError("Anonymous caller has no storage.objects.list\n<html>")

  monkeypatch.setattr(places, "file_system", Refusing)
  monkeypatch.setattr(places, "place", lambda path: None)  # without gcsfs too
  with pytest.raises(InputError) as error:
    places.check_reached("gs://theirs/runs")
  told = str(error.value)
  assert told.startswith("gs://theirs/runs: cannot be reached (Anonymous")
  assert "gcloud auth application-default login" in told and "\n" not in told
