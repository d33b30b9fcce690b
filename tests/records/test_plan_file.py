"""What a study's folder says that its runs do not."""

import pytest

from forgetting.config import InputError
from forgetting.records import plan_file


def test_a_tolerance_is_read_as_it_was_written(tmp_path):
  study = tmp_path / "runs" / "toy"
  assert plan_file.tolerance_of(study) is None
  plan_file.write(study, tolerance=0.125)
  plan_file.write(study, tolerance=0.25)
  assert plan_file.tolerance_of(study) == 0.25


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path):
  (tmp_path / "file").touch()
  with pytest.raises(InputError, match="cannot be written .* --root"):
    plan_file.write(tmp_path / "file" / "toy", tolerance=0.1)
