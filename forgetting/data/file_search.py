"""Which files of text a path names: a file, a folder, a glob, a bucket.

What starts with a dot and what editors and systems leave are no text; links
are followed once; what is left out is counted by its ending.
"""

from __future__ import annotations

import collections
from collections.abc import Iterator
import dataclasses
import glob
import os

from etils import epath

from forgetting.config import InputError
from forgetting.storage import packing

KINDS = (
  ".txt", ".md", ".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".parquet",
)  # fmt: skip
EXPECTED = f"text as {', '.join(KINDS)} (or .gz, .zst, .zip of these)"


@dataclasses.dataclass(frozen=True)
class Found:
  """Files of text, and what lies beside them.

  Attributes:
    files: sorted.
    left_out: ending, "hidden" or "linked twice" -> how many files.
  """

  files: list[epath.Path]
  left_out: dict[str, int]

  @property
  def told(self) -> str:
    """What is left out, in words: "3 .png, 12 hidden"; "" for nothing."""
    counts = sorted(self.left_out.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{count} {kind}" for kind, count in counts)


def find(source: str, path: str) -> Found:
  """The text files at a path: a file, a folder or a glob.

  Args:
    source: as it was given, for messages.
    path: without what is said of fields.

  Raises:
    InputError: there are none.
  """
  path = os.path.expanduser(path)
  search = _Search()
  try:
    found = list(search.candidates(path))
  except Exception as error:
    if "://" not in path and not isinstance(error, OSError):
      raise
    # The clients of buckets have errors of their own kinds.
    raise unreadable(source, error) from error
  files = sorted(file for file in found if is_text(file.name))
  for file in found:
    if not is_text(file.name):
      ending = packing.endings(file.name)
      search.left_out["".join(ending) or "without an ending"] += 1
  if files:
    return Found(files, dict(search.left_out))
  if not found and not search.left_out and not epath.Path(path).exists():
    raise InputError(f"{source}: no such file or folder; expected {EXPECTED}")
  told = Found([], dict(search.left_out)).told or "0 files"
  raise InputError(f"{source}: found {told}, and none is {EXPECTED}")


def is_text(name: str) -> bool:
  """Whether a file's ending is one of those that are read.

  Args:
    name: of the file; a .zip is looked into.
  """
  ending, packed = packing.endings(name)
  return ending in KINDS or packed == ".zip"


class _Search:
  """A walk that goes into each folder once, by whatever link."""

  def __init__(self):
    self.left_out: collections.Counter[str] = collections.Counter()
    self._seen: set[tuple[int, int]] = set()

  def candidates(self, path: str) -> Iterator[epath.Path]:
    place = epath.Path(path)
    if place.is_dir():
      self._is_new(place)
      yield from self._below(place)
    elif place.exists():
      yield place
    elif glob.has_magic(path) and "://" not in path:
      # a glob passes by what starts with a dot, unless it names it
      found = sorted(map(epath.Path, glob.iglob(path, recursive=True)))
      yield from (p for p in found if p.is_file() and self._is_new(p))
    elif glob.has_magic(path):
      parts = path.split("/")
      first = next(i for i, part in enumerate(parts) if glob.has_magic(part))
      found = epath.Path("/".join(parts[:first])).glob("/".join(parts[first:]))
      yield from (p for p in found if not p.is_dir())

  def _below(self, folder: epath.Path) -> Iterator[epath.Path]:
    children = sorted(folder.iterdir())
    # what a link points at comes from its own place, if it has one here
    for child in sorted(children, key=_is_link):
      if packing.is_litter(child.name):
        self.left_out["hidden"] += 1
      elif not self._is_new(child):
        self.left_out["linked twice"] += 1
      elif child.is_dir():
        yield from self._below(child)
      elif child.exists():
        yield child
      else:
        self.left_out["broken link"] += 1

  def _is_new(self, path: epath.Path) -> bool:
    if "://" in str(path) or not os.path.exists(path):
      return True
    stat = os.stat(path)
    key = (stat.st_dev, stat.st_ino)
    if key in self._seen:
      return False
    if stat.st_ino:  # some file systems number nothing
      self._seen.add(key)
    return True


def _is_link(path: epath.Path) -> bool:
  return "://" not in str(path) and os.path.islink(path)


def unreadable(
  source: str, error: Exception, file: epath.Path | None = None
) -> InputError:
  """What to say of a file that cannot be opened, listed or read.

  Args:
    source: as it was given.
    error: what was raised.
    file: which one, where the error does not say.
  """
  name = getattr(error, "filename", None) or file or source
  told = getattr(error, "strerror", None) or " ".join(str(error).split())
  return InputError(f"{source}: {name} cannot be read ({told})")
