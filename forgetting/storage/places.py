"""Files of this machine or in a bucket (gs://), by the same few words.

A bucket's objects appear whole or not at all and cannot be appended to; of
folders it knows nothing.
"""

from collections.abc import Callable, Iterable, Iterator
import contextlib
import importlib.util
import logging
import os
import pathlib
import secrets
import shutil
import typing

from forgetting.config.errors import InputError

REMOTE = "gs://"
AT_ONCE = 32  # requests to a bucket that wait for each other's answers

LOGIN = (
  "log in with `gcloud auth application-default login`, or name a service"
  " account's key in GOOGLE_APPLICATION_CREDENTIALS"
)


# etils would take TensorFlow's own client, which workers do not import; it
# looks once, at its first path
if importlib.util.find_spec("gcsfs") is not None:
  os.environ.setdefault("EPATH_USE_TF", "false")


def is_remote(path: str | os.PathLike) -> bool:
  """Whether a path is in a bucket.

  Args:
    path: local, or gs://.
  """
  return os.fspath(path).startswith(REMOTE)


def place(path: str | os.PathLike) -> pathlib.Path:
  """A path to read and write: `pathlib`'s, or etils' of a bucket.

  Args:
    path: local, or gs://BUCKET/FOLDER.

  Raises:
    InputError: a scheme that is not understood, or no package for it.
  """
  text = os.fspath(path)
  if not is_remote(text):
    if "://" in text:
      raise InputError(
        f"{text}: found {text.partition('://')[0]}://, expected a folder or"
        " gs://BUCKET/FOLDER"
      )
    return pathlib.Path(text)
  if not text.removeprefix(REMOTE).partition("/")[0]:
    raise InputError(f"{text}: found no bucket, expected gs://BUCKET/FOLDER")
  _use_gcsfs()
  from etils import epath

  # of another class, which does what pathlib's does
  return typing.cast(pathlib.Path, epath.Path(text))


def _use_gcsfs() -> None:
  if importlib.util.find_spec("gcsfs") is None:
    raise InputError(
      "gs://: found no package gcsfs, expected it; install the extra gcs: pip"
      " install 'forgetting[gcs]'"
    )
  import fsspec.config

  # it logs a traceback of what it raises as well
  logging.getLogger("gcsfs").setLevel(logging.CRITICAL)
  # what another process has just written is there
  known = fsspec.config.conf.setdefault("gcs", {})
  known.setdefault("use_listings_cache", False)


def file_system():
  """gcsfs, for what `pathlib` has no word for.

  Raises:
    InputError: the package is not installed.
  """
  _use_gcsfs()
  import fsspec

  return fsspec.filesystem("gcs")


def check_reached(root: str | os.PathLike) -> None:
  """Refuses a bucket that is not there, or not for this user.

  Args:
    root: local, which always passes, or gs://.

  Raises:
    InputError: in one line, what to do about it.
  """
  if not is_remote(root):
    return
  place(root)
  bucket = os.fspath(root).removeprefix(REMOTE).partition("/")[0]
  try:
    file_system().call("GET", "b/{}/o", bucket, maxResults=1)
  except FileNotFoundError as error:
    raise InputError(
      f"{root}: found no bucket {bucket}, expected one that is there; make it"
      f" with `gcloud storage buckets create gs://{bucket}`"
    ) from error
  except Exception as error:  # of gcsfs, google.auth or aiohttp
    raise InputError(
      f"{root}: cannot be reached ({_first_line(error)}); {LOGIN}"
    ) from error


def make_folder(folder: pathlib.Path) -> None:
  """Makes a folder so that files can be written in it; a bucket needs none.

  Args:
    folder: local, with its parents, or gs://.
  """
  if not is_remote(folder):
    folder.mkdir(parents=True, exist_ok=True)


@contextlib.contextmanager
def of_out(folder: pathlib.Path) -> Iterator[None]:
  """While the folder that a verb's --out names is made or written in.

  Args:
    folder: which.

  Raises:
    InputError: it cannot be.
  """
  try:
    yield
  except OSError as error:
    raise InputError(
      f"--out {folder}: cannot be written ({error.strerror}); name another"
      " folder"
    ) from error


def write(file: pathlib.Path, content: bytes) -> None:
  """Writes a file: all of its content appears at once, or none of it.

  Args:
    file: in a folder that is there, or in a bucket.
    content: of the whole file.

  Raises:
    OSError: of a folder.
    InputError: the bucket did not take it.
  """
  if is_remote(file):
    return _upload(file, content)
  temporary = file.with_name(f".{file.name}-{secrets.token_hex(4)}")
  with open(temporary, "wb") as handle:
    handle.write(content)
    handle.flush()
    os.fsync(handle.fileno())
  os.replace(temporary, file)


def _upload(file: pathlib.Path, content: bytes) -> None:
  try:
    # a file that is opened would be kept as far as it was written
    file_system().pipe_file(os.fspath(file), content)
  except Exception as error:  # of gcsfs, google.auth or aiohttp
    raise InputError(
      f"{file}: cannot be written ({_first_line(error)}); what was saved before"
      " is kept: run the same command again"
    ) from error


def copy(source: pathlib.Path, target: pathlib.Path) -> None:
  """Copies a file of any size, here, to a bucket or from one.

  Args:
    source: the file.
    target: the copy, its name included.

  Raises:
    InputError: it is not there, or cannot be written.
  """
  try:
    if is_remote(target):
      file_system().put_file(os.fspath(source), os.fspath(target))
    elif is_remote(source):
      file_system().get_file(os.fspath(source), os.fspath(target))
    else:
      shutil.copyfile(source, target)
  except Exception as error:  # of gcsfs, google.auth or aiohttp; of a folder
    raise InputError(
      f"{source}: cannot be copied to {target} ({_first_line(error)})"
    ) from error


def append(file: pathlib.Path, text: str) -> None:
  """Adds text to the end of a file; an object is written anew.

  Args:
    file: in a folder or a bucket; it need not be there.
    text: UTF-8.
  """
  if is_remote(file):
    before = file.read_text() if file.exists() else ""
    return write(file, (before + text).encode())
  with open(file, "a") as handle:
    handle.write(text)


def each(items: Iterable, function: Callable) -> list:
  """Calls a function with every item; in a bucket many at once.

  Args:
    items: paths, or what has a `path`: the first one's decides.
    function: of one item; in a bucket it is called from several threads.

  Returns:
    what it gave, in the order of the items.
  """
  items = list(items)
  if not items or not is_remote(getattr(items[0], "path", items[0])):
    return [function(item) for item in items]
  from concurrent.futures import ThreadPoolExecutor

  with ThreadPoolExecutor(AT_ONCE) as pool:
    return list(pool.map(function, items))


def _first_line(error: Exception) -> str:
  told = str(error).strip().splitlines()
  return (told[0] if told else type(error).__name__)[:200]
