"""Links from the page to what a run left in its directory."""

from collections.abc import Sequence
from html import escape
import os
import pathlib
from urllib.parse import quote

from forgetting.report.evidence import Evidence
from forgetting.storage import places

FILES = {"log": "log.txt", "config": "config.json", "result": "result.json"}


def files(
  evidence: Evidence, key: tuple[str, str], page: pathlib.Path
) -> dict[str, str]:
  """Finds what there is to read of a run.

  Args:
    evidence: the runs.
    key: (study, run name).
    page: the folder that the page lies in.

  Returns:
    what it is -> a relative URL; {} where the run has no directory, or one
    that a browser does not reach from the page.
  """
  folder = evidence.directories.get(key)
  if folder is None or places.is_remote(folder) or places.is_remote(page):
    return {}
  way = os.path.relpath(folder, page)
  return {
    name: quote(f"{way}/{file}".replace(os.sep, "/"))
    for name, file in FILES.items()
    if (folder / file).is_file()
  }


def html(found: dict[str, str], names: Sequence[str] = tuple(FILES)) -> str:
  """Writes links as HTML, one after another.

  Args:
    found: as of `files`.
    names: which of them.
  """
  return " ".join(
    f'<a class="screen" href="{escape(found[name])}">{name}</a>'
    for name in names
    if name in found
  )
