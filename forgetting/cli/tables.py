"""The verbs about the program itself and about its files: doctor, export."""

import tyro

from forgetting.cli.analysis import Json, find, write_json
from forgetting.cli.analysis import StudyOrTable as Study


def doctor(*, json: Json = None) -> int:
  """Tell what is here and what is missing, and what would mend it.

  Versions, devices, cache and disk, extras and engines. The exit code is 1
  when something stands in the way of every use.

  Example: forgetting doctor
  """
  from forgetting.doctor import checkup as doctor_lib
  from forgetting.doctor import words as doctor_words

  found = doctor_lib.examine()
  if not write_json(found.as_dict(), json):
    print(doctor_words.tell(found))
  return 1 if found.problems else 0


def export(
  study: tyro.conf.Positional[Study], *, out: str, json: Json = None
) -> int:
  """Write a study as a few small tables, which read like the study itself.

  Runs, evaluations, sources of text and the forgetting matrix: numbers and
  names, no text and no models. Give the folder to fit, advise, report,
  associate.

  Example: forgetting export quickstart --out shared

  Args:
    out: The folder that they go to.
  """
  from forgetting.report import export as export_lib

  told = export_lib.told(export_lib.export(find(study), out))
  if not write_json(told, json):
    size = sum(told["bytes"].values()) / 1e6
    rows, columns = told["matrix"] or (0, 0)
    print(
      f"{told['folder']}: {told['runs']} runs, {told['evaluations']}"
      f" evaluations, a matrix of {rows} x {columns}, {size:.2f} MB"
    )
  return 0
