"""What a packed file holds: .gz, .zst, .zip."""

from collections.abc import Iterator
import contextlib
import gzip
import io
import os
from typing import IO, Any
import zipfile
import zlib

from forgetting.storage import arrow

PACKINGS = (".gz", ".zst", ".zip")
GZIP = b"\x1f\x8b"  # how what gzip has packed begins
# what is raised while a damaged file is unpacked, beside OSError
DAMAGED = (EOFError, zlib.error, zipfile.BadZipFile, NotImplementedError)


def endings(name: str | os.PathLike) -> tuple[str, str]:
  """The ending of a file, in small letters, and its packing.

  Args:
    name: as in "notes.JSONL.gz"; folders before it do not matter.

  Returns:
    as in (".jsonl", ".gz"); "" for what there is not.
  """
  stem, last = os.path.splitext(os.path.basename(os.fspath(name)).lower())
  if last not in PACKINGS:
    return last, ""
  return os.path.splitext(stem)[1], last


def is_litter(name: str) -> bool:
  """Whether an editor or a system left a file there, and no person.

  Args:
    name: of a file or folder, without those above it.
  """
  litter = ("~", ".swp", ".bak", ".tmp", ".crdownload", ".part")
  return (
    name.startswith((".", "~$"))
    or name.lower() in ("thumbs.db", "desktop.ini", "__macosx", "__pycache__")
    or name.lower().endswith(litter)
  )


@contextlib.contextmanager
def unpacked(file: IO[bytes], packing: str) -> Iterator[Any]:
  """Opens what a file holds; it is not read whole.

  Args:
    file: open, at its beginning.
    packing: of `endings`, but no .zip: that is many files, of `members`.
  """
  if packing == ".gz":
    with gzip.GzipFile(fileobj=file) as stream:
      yield stream
  elif packing == ".zst":
    arrow.need(".zst")
    import pyarrow

    stream = pyarrow.CompressedInputStream(
      pyarrow.PythonFile(file, mode="r"), "zstd"
    )
    yield io.BufferedReader(stream)
  else:
    yield file


def members(file: IO[bytes]) -> tuple[zipfile.ZipFile, list[str]]:
  """The files in a zip that people put there.

  Args:
    file: open, of a kind that can be sought in.

  Returns:
    the archive, which the caller closes, and the names, sorted.
  """
  archive = zipfile.ZipFile(file)
  names = [
    info.filename
    for info in archive.infolist()
    if not info.is_dir()
    and not any(map(is_litter, info.filename.strip("/").split("/")))
  ]
  return archive, sorted(names)
