"""The verb on a study without training: read, told, drawn."""

import json

from command import called
from planted_study import diverge, plant

from forgetting.report.export import EXAMPLE


def test_a_study_s_remedies_are_told_drawn_and_written(tmp_path):
  study, file = plant(tmp_path, domains=("kjv",)), tmp_path / "out.json"
  done = called("remedies", str(study), "--json", str(file))
  assert done.returncode == 0, done.stderr
  assert "injection" in done.stdout and "plain" in done.stdout
  data = json.loads(file.read_text())
  assert {cell["cell"]["domain"] for cell in data["cells"]} == {"kjv"}
  assert (study / "remedies.png").exists()
  wrong = called("remedies", str(study), "--progress", "2")
  assert wrong.returncode == 2
  assert "--progress: found 2.0, expected within (0, 1]" in wrong.stderr


def test_tables_of_before_there_were_methods_are_refused_in_a_line():
  done = called("remedies", EXAMPLE)
  assert (done.returncode, done.stdout) == (2, "")
  assert "do not say by which method" in done.stderr
  assert done.stderr.count("\n") == 1


def test_a_study_whose_runs_all_diverged_is_told_in_a_line(tmp_path):
  study = plant(tmp_path, domains=("kjv",), sizes=((2, 16),))
  diverge(study)
  done = called("remedies", study)
  assert (done.returncode, done.stdout) == (2, "")
  assert done.stderr.count("\n") == 1
  assert "status: found diverged (12)" in done.stderr
  shared = tmp_path / "shared"
  assert called("export", study, "--out", shared).returncode == 0
  again = called("remedies", shared)
  assert (again.returncode, again.stdout) == (2, "")
  assert "found no fine-tuning with finite losses" in again.stderr
