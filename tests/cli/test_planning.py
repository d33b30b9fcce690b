"""Which question plan is asked, and the study file it writes."""

from command import CONFIGS, called
import pytest

from forgetting.config.study_file import load_study

CONFIG = CONFIGS / "quickstart.py"
POINT = ("--model-params", "1.54e5", "--target-tokens", "10240")
CLOSELY = ("--interval", "2.5", "--tolerance", "0.3")


def test_the_file_written_has_the_runs_chosen(tmp_path):
  out = tmp_path / "few.py"
  done = called("plan", CONFIG, *CLOSELY, *POINT, "--out", out)
  assert done.returncode == 0, done.stderr
  told = done.stdout
  assert f"wrote {out}: forgetting study {out}" in told
  few, whole = load_study(str(out)), load_study(str(CONFIG))
  # the runs of the whole study under their own names, and seeds of them
  assert few.name == whole.name
  ours = {run.name for run in whole.runs}
  first = [run for run in few.runs if run.seed == 0]
  assert first and {run.name for run in first} <= ours
  assert {run.domain for run in few.runs} == {"kjv"}
  number = int(told.split(" runs for ")[0])
  assert len(few.runs) == number < 24


@pytest.mark.parametrize(
  ("options", "words"),
  [
    ((), "plan: found neither, expected one of --interval"),
    ((*CLOSELY, "--budget", "1e12"), "plan: found both"),
    (("--interval", "2"), "--tolerance: found none"),
    (("--budget", "1e12", "--tolerance", "1"), "goes with --interval"),
    ((*CLOSELY, "--domain", "mars"), "found fine-tunings on kjv, wiki_fr"),
    ((*CLOSELY, "--out", "few.txt"), "expected a name that ends in .py"),
  ],
)
def test_what_does_not_go_together(options, words):
  done = called("plan", CONFIG, *POINT, *options)
  assert done.returncode == 2
  assert words in done.stderr and done.stderr.count("\n") == 1
