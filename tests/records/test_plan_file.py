"""What a study's folder says that its runs do not."""

import pytest
from small import small_finetuning

from forgetting.config import InputError
from forgetting.records import plan_file


def test_a_tolerance_is_read_as_it_was_written(tmp_path):
  study = tmp_path / "runs" / "toy"
  assert plan_file.tolerance_of(study) is None
  plan_file.write(study, tolerance=0.125)
  plan_file.write(study, tolerance=0.25)
  assert plan_file.tolerance_of(study) == 0.25


def test_its_runs_are_known_before_any_has_begun(tmp_path):
  assert plan_file.planned(tmp_path / "toy") is None
  run = small_finetuning(dict(news="n.txt", letters="l.txt", law="w.txt"))
  plan_file.write(tmp_path / "toy", tolerance=0.1, runs=[run])
  (row,) = plan_file.planned(tmp_path / "toy").to_dict("records")
  assert row["run"] == run.name and row["method"] == "full"


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path):
  (tmp_path / "file").touch()
  with pytest.raises(InputError, match="cannot be written .* --root"):
    plan_file.write(tmp_path / "file" / "toy", tolerance=0.1)
