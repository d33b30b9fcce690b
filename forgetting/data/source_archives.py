"""Source archives, fetched without building them.

`pip download` runs the build code of a source archive to learn its metadata.
The package `unearth` only fetches; it is told pip's own index settings, which
pip itself reads at run time.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile

from forgetting.config import InputError
from forgetting.data.archives import Archive

_YES = ("1", "true", "yes", "on")


def fetch(
  name: str,
  archive: Archive,
  folder: pathlib.Path,
  shown: Callable[[int], None],
) -> pathlib.Path:
  """Downloads a source archive into a folder; its hash is checked.

  Args:
    name: of the corpus, for messages.
    archive: what to fetch.
    folder: where to.
    shown: told the bytes so far.

  Returns:
    the archive's file.

  Raises:
    InputError: unearth is not installed, or the archive cannot be had.
  """
  try:
    import unearth
  except ImportError as error:
    raise InputError(
      f"{name}: {archive.pin} exists as a source archive only; install the"
      " package unearth, which fetches it without building it"
    ) from error
  hashes = {"sha256": [archive.sha256]}
  try:
    settings = pip_settings()
    if certificate := settings.get("cert"):
      os.environ.setdefault("SSL_CERT_FILE", certificate)
    finder = _finder(settings, archive.package)
    best = finder.find_best_match(archive.pin, hashes=hashes).best
    if best is None:
      raise unearth.UnpackError("no such file with the pinned sha256")
    path = finder.download(
      best.link, folder, hashes, lambda _, done, total: shown(done)
    )
    if path.parent != folder:  # a file of this machine is not copied
      path = shutil.copy(path, folder)
    return pathlib.Path(path)
  # unearth passes on the errors of its HTTP client, whichever that is
  except Exception as error:
    told = " ".join(str(error).split()) or type(error).__name__
    raise InputError(
      f"{name}: could not fetch {archive.pin} ({told}); check the network or"
      " your pip index settings and run again"
    ) from error


class Files:
  """The files of a .tar.gz, read once: in a tar there is no going back.

  Args:
    path: of the archive.
  """

  def __init__(self, path: pathlib.Path):
    with tarfile.open(path) as tar:
      self._contents = {
        member.name: tar.extractfile(member).read()
        for member in tar
        if member.isfile()
      }

  def namelist(self) -> list[str]:
    """Names of the files in it."""
    return list(self._contents)

  def read(self, name: str) -> bytes:
    """The bytes of one file.

    Args:
      name: of `namelist`.
    """
    return self._contents[name]


def pip_settings() -> dict[str, str]:
  """pip's settings as `pip download` would see them.

  Returns:
    option -> value, of its files and of the environment.
  """
  listed = subprocess.run(
    [sys.executable, "-m", "pip", "config", "list"],
    capture_output=True,
    text=True,
    check=True,
    stdin=subprocess.DEVNULL,
  ).stdout
  found: dict[str, dict[str, str]] = {"global": {}, "download": {}, ":env:": {}}
  for line in listed.splitlines():
    key, _, value = line.partition("=")
    section, _, option = key.partition(".")
    if section in found:
      found[section][option] = str(ast.literal_eval(value))
  return found["global"] | found["download"] | found[":env:"]


def _finder(settings: Mapping[str, str], package: str):
  """A finder of source archives where pip would look."""
  import unearth

  links = settings.get("find-links", "").split()
  without_index = settings.get("no-index", "").lower() in _YES
  if without_index and not links:
    raise ValueError("pip's settings say no-index and give no find-links")
  # A finder that is given nothing knows the default index by itself.
  given = {"find_links": links} if without_index else {}
  if not without_index and (index := settings.get("index-url")):
    given["index_urls"] = [index]
  finder = unearth.PackageFinder(
    **given,
    trusted_hosts=settings.get("trusted-host", "").split(),
    no_binary=[package],
    ignore_compatibility=True,
  )
  if not without_index:
    for url in settings.get("extra-index-url", "").split():
      finder.add_index_url(url)
    for link in links:
      finder.add_find_links(link)
  return finder
