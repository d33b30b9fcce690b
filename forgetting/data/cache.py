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
  """The folder in which text is cached.

  Returns:
    $FORGETTING_CACHE, or a folder in the user's cache directory; it need not
    be there yet.
  """
  if chosen := os.environ.get("FORGETTING_CACHE"):
    return pathlib.Path(chosen).expanduser()
  if sys.platform == "darwin":
    return pathlib.Path.home() / "Library" / "Caches" / "forgetting"
  base = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
  return pathlib.Path(base) / "forgetting"


@contextlib.contextmanager
def scratch(folder: pathlib.Path, name: str) -> Iterator[pathlib.Path]:
  """A temporary folder inside `folder`, gone when the block ends.

  Args:
    folder: of the cache; it is made.
    name: what the temporary one is for, in its own name.

  Yields:
    the temporary folder.

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

  Args:
    final: where it will be; its parent is made.

  Yields:
    the temporary folder.

  Raises:
    InputError: the cache cannot be written.
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
  """SHA-256 of a file's bytes, as 64 hex digits.

  Args:
    path: local or in a bucket; it is read a block at a time.
  """
  digest = hashlib.sha256()
  with epath.Path(path).open("rb") as file:
    while block := file.read(1 << 20):
      digest.update(block)
  return digest.hexdigest()


def key_of(*parts) -> str:
  """Eight hex digits of a hash, for the name of a folder.

  Args:
    *parts: all that the folder's content is a function of; of each its text.
  """
  text = "\n".join(map(str, parts))
  return hashlib.sha256(text.encode()).hexdigest()[:8]
