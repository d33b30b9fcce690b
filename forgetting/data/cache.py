"""Where fetched and prepared text is kept, and how it gets there whole."""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
import hashlib
import os
import pathlib
import shutil
import sys
import tempfile

from etils import epath

from forgetting.config import InputError


def root() -> pathlib.Path:
  """$FORGETTING_CACHE, or a folder in the user's cache directory."""
  if chosen := os.environ.get("FORGETTING_CACHE"):
    return pathlib.Path(chosen).expanduser()
  if sys.platform == "darwin":
    return pathlib.Path.home() / "Library" / "Caches" / "forgetting"
  base = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
  return pathlib.Path(base) / "forgetting"


@contextlib.contextmanager
def scratch(folder: pathlib.Path, name: str) -> Iterator[pathlib.Path]:
  """A temporary folder inside `folder`, gone when the block ends.

  Raises:
    InputError: the cache cannot be written.
  """
  try:
    folder.mkdir(parents=True, exist_ok=True)
    work = pathlib.Path(tempfile.mkdtemp(prefix=f".{name}-", dir=folder))
  except OSError as error:
    raise InputError(
      f"FORGETTING_CACHE: {folder} cannot be written"
      f" ({error.strerror or error}); set it to a folder that can be"
    ) from error
  try:
    yield work
  finally:
    shutil.rmtree(work, ignore_errors=True)


@contextlib.contextmanager
def placing(final: pathlib.Path) -> Iterator[pathlib.Path]:
  """A temporary folder that becomes `final` when the block ends well.

  The rename is atomic. Of two processes that prepare the same thing the first
  one to end is kept, and the other's work, which is equal, is dropped.
  """
  with scratch(final.parent, final.name) as work:
    whole = work / final.name
    whole.mkdir()
    yield whole
    try:
      os.rename(whole, final)
    except OSError:
      if not final.exists():
        raise


def sha256_of(path: epath.PathLike) -> str:
  """Hash of a file's bytes, hex."""
  digest = hashlib.sha256()
  with epath.Path(path).open("rb") as file:
    while block := file.read(1 << 20):
      digest.update(block)
  return digest.hexdigest()


def key_of(*parts) -> str:
  """Eight hex digits of the hash of what a folder is a function of."""
  text = "\n".join(map(str, parts))
  return hashlib.sha256(text.encode()).hexdigest()[:8]
