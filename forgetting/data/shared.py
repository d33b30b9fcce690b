"""Prepared text in a bucket: put there once, copied once to every host.

What is copied is what a run reads: the chunks and, if there is one, the
tokenizer's file. A list of their hashes is written last; what has no list is
not there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
import contextlib
import dataclasses
import fcntl
import json
import os
import pathlib

from forgetting.config import InputError
from forgetting.data import cache, store, tokenizer_training, tokenizers
from forgetting.data.packaged_tokenizers import PACKAGED
from forgetting.storage import places


@dataclasses.dataclass(frozen=True)
class Wanted:
  """Text as a run names it.

  Attributes:
    source: a name of the catalogue, a path, or a TFDS data set.
    context: L, tokens a sequence.
    tokenizer: its name.
  """

  source: str
  context: int
  tokenizer: str = tokenizers.BYTES


def push(wanted: Iterable[Wanted], *, at: str) -> str:
  """Prepares text and puts it there, unless the same is there already.

  Args:
    wanted: what runs read.
    at: gs://BUCKET/FOLDER, or a folder that all hosts see.

  Returns:
    a line a part: what was copied.

  Raises:
    InputError: it cannot be prepared, or `at` cannot be written.
  """
  places.check_reached(at)
  there, lines, seen = places.place(at), [], set()
  for one in wanted:
    store.prepare(one.source, context=one.context, tokenizer=one.tokenizer)
    for part in _parts(one):
      if part not in seen:
        lines.append(_push(part, there))
        seen.add(part)
  return "\n".join(lines)


def pull(wanted: Iterable[Wanted], *, at: str) -> str:
  """Copies text from there into this host's cache, unless it has it.

  Of several processes of a host one copies, and the others wait.

  Args:
    wanted: what runs read.
    at: where `push` put it.

  Returns:
    a line a part: what was copied.

  Raises:
    InputError: it is not there, or is not what was put there.
  """
  places.check_reached(at)
  there, lines = places.place(at), {}
  with _one_at_a_time():
    for one in wanted:
      for part in _parts(one):
        if part not in lines:
          lines[part] = _pull(part, there, one)
  return "\n".join(lines.values())


def _parts(one: Wanted) -> Iterator[pathlib.PurePath]:
  """What to copy, below the cache's root; the tokenizer comes first.

  The name of the chunks depends on the tokenizer's content: its file has to be
  there when they are asked for.
  """
  if file := _tokenizer_file(one.tokenizer):
    yield file.relative_to(cache.root())
  folder = store.folder_of(
    one.source, context=one.context, tokenizer=one.tokenizer
  )
  yield folder.relative_to(cache.root())


def _tokenizer_file(name: str) -> pathlib.Path | None:
  """A tokenizer's file in the cache; bytes and a user's own have none there."""
  if trained := tokenizer_training.parse(name):
    return trained.path()
  return PACKAGED[name].path() if name in PACKAGED else None


def _listed(part: pathlib.PurePath, there: pathlib.Path) -> pathlib.Path:
  return there / "lists" / f"{part.name}.json"


def _push(part: pathlib.PurePath, there: pathlib.Path) -> str:
  here = cache.root() / part
  files = sorted(here.iterdir()) if here.is_dir() else [here]
  sums = {file.name: cache.sha256_of(file) for file in files}
  told, listed = json.dumps(sums, indent=1), _listed(part, there)
  if listed.exists() and listed.read_text() == told:
    return f"{part.name}: there already"
  target = there / part if here.is_dir() else (there / part).parent
  for folder in (target, listed.parent):
    places.make_folder(folder)
  for file in files:
    places.copy(file, target / file.name)
  places.write(listed, told.encode())
  return f"{part.name}: {_megabytes(files)} copied to {there}"


def _pull(part: pathlib.PurePath, there: pathlib.Path, one: Wanted) -> str:
  here = cache.root() / part
  if here.exists():
    return f"{part.name}: there already"
  try:
    sums = json.loads(_listed(part, there).read_text())
  except FileNotFoundError as error:
    raise InputError(
      f"{there}: found no {part.name}, expected it; put it there with"
      f" `forgetting data push {one.source} --context {one.context} --tokenizer"
      f" {one.tokenizer} --at {there}`"
    ) from error
  with cache.scratch(here.parent, here.name) as work:
    whole = work / here.name
    # chunks are a folder of files, a tokenizer is a file
    several = part.parts[0] == store.CHUNKS
    files = [whole / name if several else whole for name in sums]
    files[0].parent.mkdir(exist_ok=True)
    for name, file in zip(sums, files, strict=True):
      source = there / part / name if several else there / part
      places.copy(source, file)
      _check(file, source, sums[name])
    size = _megabytes(files)
    os.rename(whole, here)
  return f"{part.name}: {size} copied from {there}"


def _check(file: pathlib.Path, source: pathlib.Path, expected: str) -> None:
  found = cache.sha256_of(file)
  if found != expected:
    raise InputError(
      f"{source}: found sha256 {found[:12]}, expected {expected[:12]}: the copy"
      " is damaged; remove it there and push it again"
    )


def _megabytes(files: Iterable[pathlib.Path]) -> str:
  return f"{sum(file.stat().st_size for file in files) / 1e6:.1f} MB"


@contextlib.contextmanager
def _one_at_a_time() -> Iterator[None]:
  with cache.scratch(cache.root(), "pull"):  # told if it cannot be written
    with open(cache.root() / ".pull-lock", "w") as file:
      fcntl.flock(file, fcntl.LOCK_EX)
      yield
