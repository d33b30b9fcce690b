"""Which question plan is asked, and the study file it writes."""

from command import CONFIGS, called
from planted_study import plant
import pytest

from forgetting import records
from forgetting.config.cells import cell_of
from forgetting.config.study_file import load_study
from forgetting.report.export import EXAMPLE

CONFIG = CONFIGS / "quickstart.py"
POINT = ("--model-params", "1.54e5", "--target-tokens", "10240")
CLOSELY = ("--interval", "2.5", "--tolerance", "0.3")


def test_the_file_written_has_the_runs_chosen(tmp_path):
  out = tmp_path / "few.py"
  done = called("plan", CONFIG, *CLOSELY, *POINT, "--out", out)
  assert done.returncode == 0, done.stderr
  told = done.stdout
  assert f"runs: forgetting study {out}" in told
  few, whole = load_study(str(out)), load_study(str(CONFIG))
  # the runs of the whole study under their own names, and seeds of them
  assert few.name == whole.name
  ours = {run.name for run in whole.runs}
  first = [run for run in few.runs if run.seed == 0]
  assert first and {run.name for run in first} <= ours
  assert {run.domain for run in few.runs} == {"kjv"}
  number = int(told.split(" runs for ")[0])
  assert len(few.runs) == number < 24


def test_the_table_has_a_line_a_size_and_amount():
  done = called("plan", CONFIG, *CLOSELY, *POINT)
  head, names, *rows = done.stdout.splitlines()
  assert names.split() == [
    *("model", "params", "target", "tokens", "runs", "FLOPs"),
    *("injection", "x", "seeds"),
  ]
  assert 2 < len(rows) <= 9
  assert len({tuple(row.split()[:2]) for row in rows}) == len(rows)
  assert sum(int(row.split()[2]) for row in rows) == int(head.split()[0])
  assert max(map(len, (names, *rows))) <= 100


def test_a_study_file_s_budget_is_written_too_and_runs(tmp_path):
  """It may ask for cells that the study does not have."""
  out = tmp_path / "few.py"
  point = ("--model-params", "1e6", "--target-tokens", "1e5")
  budget = ("--budget", "8e11", *point)
  done = called("plan", CONFIG, *budget, "--out", out)
  assert done.returncode == 0, done.stderr
  number = int(done.stdout.split(" runs for ")[0])
  few = load_study(str(out))
  assert len(few.runs) == number
  assert (4608, 0.02) in {(r.target_tokens, r.injection) for r in few.runs}
  dry = called("study", out, "--dry-run", "--root", tmp_path / "runs")
  assert dry.returncode == 0, dry.stderr
  # the three pretrainings come along
  assert f": {number + 3} runs, " in dry.stdout


def test_runs_to_add_to_a_study_of_a_folder(tmp_path):
  study = plant(tmp_path / "kept", domains=("kjv",))
  out = tmp_path / "more.py"
  point = ("--model-params", "1e5", "--target-tokens", "1e5")
  asked = ("plan", "toy", "--root", study.parent, "--budget", "1e11", *point)
  done = called(*asked, "--out", out)
  assert done.returncode == 0, done.stderr
  number = int(done.stdout.split(" runs for ")[0])
  line = done.stdout.splitlines()[-1]
  command = f"forgetting study {out} --root {study.parent}"
  assert line == f"wrote {out}, {number} runs to add: {command}"
  before = {run.name for _, run in records.run_directories(study)}
  more = load_study(str(out))
  assert more.name == "toy" and before < {run.name for run in more.runs}
  assert len(more.runs) == len(before) + number
  new = [run for run in more.runs if run.name not in before]
  there = {cell_of(run) for run in more.runs if run.name in before}
  assert {run.seed for run in new if cell_of(run) in there} == {1, 2}
  assert {run.seed for run in new if cell_of(run) not in there} == {0, 1}
  dry = called(*command.split()[1:], "--dry-run")
  assert dry.returncode == 0, dry.stderr
  assert dry.stdout.startswith(f"toy: {number} runs, ")


def test_a_table_does_not_tell_how_to_train():
  options = ("--budget", "1e10", "--domain", "kjv", "--out", "more.py")
  done = called("plan", EXAMPLE, *POINT, *options)
  assert done.returncode == 2
  assert "which do not tell how runs were trained" in done.stderr


@pytest.mark.parametrize(
  ("options", "words"),
  [
    ((), "plan: found neither, expected one of --interval"),
    ((*CLOSELY, "--budget", "1e12"), "plan: found both"),
    (("--interval", "2"), "--tolerance: found none"),
    (("--budget", "1e12", "--tolerance", "1"), "goes with --interval"),
    ((*CLOSELY, "--root", "elsewhere"), "goes with a study that has runs"),
    ((*CLOSELY, "--injection", ".1"), "--injection: found with --interval"),
    ((*CLOSELY, "--epochs", "3"), "--epochs: found with --interval, goes with"),
    ((*CLOSELY, "--columns", "N=n"), "--columns: found with"),
    ((*CLOSELY, "--method", "lora"), "has runs, or --out; leave it out"),
    (("--budget", "1e12", "--domain", "kjv"), "--domain: found with"),
    ((*CLOSELY, "--domain", "mars"), "found fine-tunings on kjv, wiki_fr"),
    ((*CLOSELY, "--out", "few.txt"), "expected a name that ends in .py"),
    (("--interval", "2", "--tolerance", "1%"), "--tolerance: found 1%, expe"),
    (("--interval", "1e400", "--tolerance", "1"), "interval inf: must be"),
  ],
)
def test_what_does_not_go_together(options, words):
  done = called("plan", CONFIG, *POINT, *options)
  assert done.returncode == 2
  assert words in done.stderr and done.stderr.count("\n") == 1


@pytest.mark.parametrize("options", [CLOSELY, ("--budget", "1e10")])
def test_runs_that_are_there_need_no_guess(options):
  asked = (*options, "--domain", "kjv", "--guess", "forgetting=0.7")
  done = called("plan", EXAMPLE, *POINT, *asked)
  assert done.returncode == 2
  assert "--guess: found with" in done.stderr
  assert "leave it out" in done.stderr and done.stderr.count("\n") == 1
