"""Where fetched and prepared text is kept, and how it gets there whole."""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
import errno
import hashlib
import os
import pathlib
import shutil
import sys
import tempfile

from etils import epath

from forgetting.config import InputError

# what a file system says that is full, or that nobody may write
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG)


def root() -> pathlib.Path:
  """The folder in which text is cached.

  Returns:
    $FORGETTING_CACHE, or a folder in the user's cache directory; it need not
    be there yet.
  """
  if chosen := os.environ.get("FORGETTING_CACHE"):
    return pathlib.Path(chosen).expanduser()
  base, mac = os.environ.get("XDG_CACHE_HOME"), sys.platform == "darwin"
  if base and not mac:
    return pathlib.Path(base) / "forgetting"
  try:
    home = pathlib.Path.home()
  except RuntimeError as error:  # no HOME, and a user that nobody knows
    raise InputError(
      "FORGETTING_CACHE: found neither it nor HOME, expected a folder to keep"
      " text in: set it"
    ) from error
  if mac:
    return home / "Library" / "Caches" / "forgetting"
  return home / ".cache" / "forgetting"


@contextlib.contextmanager
def scratch(folder: pathlib.Path, name: str) -> Iterator[pathlib.Path]:
  """A temporary folder inside `folder`, gone when the block ends.

  Args:
    folder: of the cache; it is made.
    name: what the temporary one is for, in its own name.

  Yields:
    the temporary folder.

  Raises:
    InputError: the cache cannot be written, or is full.
  """
  try:
    folder.mkdir(parents=True, exist_ok=True)
    work = pathlib.Path(tempfile.mkdtemp(prefix=f".{name}-", dir=folder))
  except OSError as error:
    raise _unwritable(folder, error) from error
  try:
    yield work
  except OSError as error:
    if error.errno not in _FULL:
      raise
    raise _unwritable(folder, error) from error
  finally:
    shutil.rmtree(work, ignore_errors=True)


def _unwritable(folder: pathlib.Path, error: OSError) -> InputError:
  return InputError(
    f"FORGETTING_CACHE: {folder} cannot be written"
    f" ({error.strerror or error}); set it to a folder that can be"
  )


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
