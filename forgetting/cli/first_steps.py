"""What `forgetting` alone says: the three next things to do in this folder."""

import pathlib
import shlex
import time

HERE = pathlib.Path()
CONFIGS = ("configs/quickstart.py", "quickstart.py")


def first_steps(verbs: list[str]) -> str:
  """Tells what to type next, by what lies here.

  Args:
    verbs: names of all.

  Returns:
    lines.
  """
  lines = [f"  {command:<44}  {what}" for command, what in _three()]
  return "\n".join(
    [
      "forgetting measures, predicts and prevents what fine-tuning forgets."
      " Next, here:",
      *lines,
      f"verbs: {', '.join(verbs)}; `forgetting VERB --help` explains one",
    ]
  )


def _three() -> list[tuple[str, str]]:
  study = _latest_study()
  if study is None:
    return _to_begin()
  name = shlex.quote(study.name)
  if not (study / "report.html").exists():
    return [
      (f"forgetting report {name}", "what its runs say so far, and a page"),
      (f"forgetting fit {name}", "the laws of its domains"),
      ("forgetting doctor", "what this machine has and lacks"),
    ]
  return [
    (f"forgetting report {name}", f"writes {study / 'report.html'} again"),
    (
      f"forgetting advise {name} --help",
      "how much to inject for a model and a text",
    ),
    (f"forgetting plan {name} --help", "which runs would tell more"),
  ]


def _to_begin() -> list[tuple[str, str]]:
  config = next((c for c in CONFIGS if (HERE / c).is_file()), None)
  example = HERE / "colabs" / "example"
  study = f"forgetting study {config or 'STUDY.py'}"
  return [
    ("forgetting doctor", "what this machine has and lacks"),
    (study, "do its runs, fit the laws, write the page"),
    ("forgetting report colabs/example --out page", "a page without training")
    if example.is_dir()
    else ("forgetting report RUNS.csv", "the page of your own table of runs"),
  ]


def _latest_study() -> pathlib.Path | None:
  """The study under runs/ that changed last."""
  found = [
    (_changed(file.parents[1]), file.parents[1])
    for file in HERE.glob("runs/*/*/config.json")
  ]
  return max(found)[1] if found else None


def _changed(folder: pathlib.Path) -> float:
  try:
    return folder.stat().st_mtime
  except OSError:
    return time.time()
