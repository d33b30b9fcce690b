"""--set of the verbs that read a study file."""

from command import CONFIGS, called


def test_arguments_of_a_study_are_given_one_by_one():
  config = CONFIGS / "quickstart.py"
  done = called(
    "run", config, "--set", "domains=./letters", "--set", "pretraining=wiki_en"
  )
  assert done.returncode == 0, done.stderr
  assert "letters" in done.stdout and "kjv" not in done.stdout
  wrong = called("study", config, "--set", "domain=kjv", "--dry-run")
  assert wrong.returncode == 2
  assert "did you mean 'domains'" in wrong.stderr
