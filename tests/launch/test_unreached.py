"""A root that cannot be reached: an error, but none of a dry run."""

from command import CONFIGS
import pytest

from forgetting.config import InputError
from forgetting.config.study_file import load_study
from forgetting.launch import verbs


def test_a_dry_run_needs_no_network(tmp_path, monkeypatch):
  def nowhere(root):
    raise InputError(f"{root}: cannot be reached")

  monkeypatch.setattr(verbs.places, "check_reached", nowhere)
  study, told = load_study(str(CONFIGS / "smoke.py")), []
  options = dict(only=(), limit=None, profile_file=None, study_file="s.py")
  with pytest.raises(InputError, match="cannot be reached"):
    verbs.planned(study, root=str(tmp_path), **options)
  options["unreached"] = told.append
  _, launch = verbs.planned(study, root=str(tmp_path), **options)
  assert launch.todo == study.ordered()
  assert "not known, all runs are taken" in told[0]
