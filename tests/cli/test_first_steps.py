"""The command alone tells what to do next, in the folder where it is."""

import json

from command import called
import pytest

from forgetting.cli.first_steps import first_steps


@pytest.fixture
def here(tmp_path, monkeypatch):
  monkeypatch.chdir(tmp_path)
  return tmp_path


def told() -> list[str]:
  return [
    line.split("  ")[1] for line in first_steps(["fit"]).splitlines()[1:4]
  ]


def test_an_empty_folder_begins(here):
  assert told()[0] == "forgetting doctor"
  assert "STUDY.py" in told()[1] and "RUNS.csv" in told()[2]


def test_a_checkout_names_its_own_config(here):
  (here / "configs").mkdir()
  (here / "configs" / "quickstart.py").touch()
  (here / "colabs" / "example").mkdir(parents=True)
  assert told()[1] == "forgetting study configs/quickstart.py"
  assert "colabs/example" in told()[2]


def test_a_study_is_reported_then_asked(here):
  run = here / "runs" / "my study" / "a"
  run.mkdir(parents=True)
  (run / "config.json").write_text(json.dumps({}))
  assert told()[0] == "forgetting report 'my study'"
  (run.parent / "report.html").touch()
  assert told()[1] == "forgetting advise 'my study' --help"


def test_the_command_alone_is_no_error():
  done = called()
  assert done.returncode == 0 and len(done.stdout.splitlines()) == 5
