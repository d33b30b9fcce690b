"""Chunks that were prepared, opened by their folder alone."""

import pathlib

import numpy as np
import pytest

from forgetting.config import InputError
from forgetting.data import prepared, store


def test_a_folder_opens_as_its_source_does(cache, text):
  known = store.open_prepared(text["law"], context=32)
  folder = pathlib.Path(known.train.filename).parent
  while not (folder / "meta.json").exists():
    folder = folder.parent
  found = prepared.open_folder(folder, "law", text["law"])
  assert found.name == "law" and found.meta == known.meta
  for name in ("train", "validation", "train_bytes", "validation_bytes"):
    np.testing.assert_array_equal(getattr(found, name), getattr(known, name))
  highest = max(known.train.max(), known.validation.max())
  assert found.largest_id == highest


def test_what_is_not_prepared_says_how_to(tmp_path):
  with pytest.raises(InputError, match="not prepared.*forgetting data prepare"):
    prepared.open_folder(tmp_path / "none", "law", "./law")
