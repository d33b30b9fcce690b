"""Where files are written: a folder, and a bucket."""

import pytest

from forgetting.storage import places


@pytest.fixture(params=["folder", "bucket"])
def directory(request, tmp_path):
  """A run's directory."""
  if request.param == "folder":
    return tmp_path
  return places.place(request.getfixturevalue("bucket"))
