"""What is to be launched: what has no result and can be done."""

from forgetting.config import Run
from forgetting.config.saves import Saves
from forgetting.launch import jobs
from forgetting.launch.jobs import Launch
from forgetting.records import StudyDirectory


def test_what_is_missing(study, tmp_path):
  parent, first, *rest = runs = study.ordered()
  folder = StudyDirectory.at(tmp_path, "toy")

  def missing() -> tuple[Run, ...]:
    return jobs.outstanding(folder, runs)

  def finish(run: Run, status: str) -> None:
    folder.of(run).create(run)
    folder.of(run).write_result(dict(status=status))

  assert missing() == runs
  finish(parent, "done")
  assert missing() == (first, *rest)
  # of a run that has diverged there is a result
  finish(first, "diverged")
  assert missing() == tuple(rest)
  # but nothing can start from it
  finish(parent, "diverged")
  assert missing() == ()


def test_a_worker_is_told_what_the_user_typed(study):
  launch = Launch(
    study_file="a b.py", study=study, root="runs", todo=study.runs,
    domain=("law", "poems"), saves=Saves(every=50, best=True), log="wandb",
  )  # fmt: skip
  assert launch.worker("x") == [
    "run", "a b.py", "--name", "x", "--root", "runs",
    "--domain", "law", "poems", "--save-every", "50", "--keep-best",
    "--log", "wandb",
  ]  # fmt: skip
  assert launch.directory == StudyDirectory.at("runs", "toy")
