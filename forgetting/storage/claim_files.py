"""Files that are created if absent and replaced if unchanged.

What two processes may fight over, and only one gets: in a folder and in a
bucket.
"""

import dataclasses
import datetime
import json
import os
import pathlib
import secrets
import time

from forgetting.storage import places

ABSENT = "0"  # generation of an object that is not there

_BOUNDARY = "forgetting-part"


@dataclasses.dataclass(frozen=True)
class Seen:
  """A file at one moment.

  Attributes:
    content: bytes of the whole file.
    generation: of an object, one a write; of a file its content stands for it.
    age: seconds since it was last written or renewed, by this clock.
  """

  content: bytes
  generation: str = ""
  age: float = 0.0


def of(path: pathlib.Path) -> "LocalFile | Object":
  """The claim file at a path, in a folder or in a bucket.

  Args:
    path: local, or gs://.
  """
  return Object(path) if places.is_remote(path) else LocalFile(path)


@dataclasses.dataclass(frozen=True)
class LocalFile:
  """A file in a folder, also one that machines share."""

  path: pathlib.Path

  def read(self) -> Seen | None:
    """What is there at this moment.

    Returns:
      content, generation and age; None where there is nothing.
    """
    try:
      age = time.time() - self.path.stat().st_mtime
      return Seen(self.path.read_bytes(), age=age)
    except FileNotFoundError:
      return None

  def create(self, content: bytes) -> Seen | None:
    """Writes the file unless one is there.

    Args:
      content: of the whole file.

    Returns:
      what was written; None where there is a file already.
    """
    try:
      with open(self.path, "xb") as file:
        file.write(content)
    except FileExistsError:
      return None
    return Seen(content)

  def renew(self, seen: Seen) -> Seen | None:
    """Says that what was written is still meant: its age begins anew.

    Args:
      seen: the file as this process last wrote or read it.

    Returns:
      the file now; None where it is another's by now, or gone.
    """
    there = self.read()
    if there is None or there.content != seen.content:
      return None
    os.utime(self.path)
    return seen

  def swap(self, seen: Seen, content: bytes) -> Seen | None:
    """Puts new content in place of what was seen.

    Args:
      seen: the file as it was read.
      content: of the whole new file.

    Returns:
      what was written; None where another process was first.
    """
    aside = self.path.with_name(f".{self.path.name}-{secrets.token_hex(4)}")
    try:
      os.rename(self.path, aside)  # one of two gets the file
    except FileNotFoundError:
      return None
    changed = aside.read_bytes() != seen.content
    if changed:
      self._put_back(aside)
    aside.unlink()
    return None if changed else self.create(content)

  def _put_back(self, aside: pathlib.Path) -> None:
    try:
      os.link(aside, self.path)
    except FileExistsError:  # its owner will notice
      pass

  def remove(self, seen: Seen) -> None:
    """Removes the file if it is still what was seen.

    Args:
      seen: the file as this process last wrote it.
    """
    there = self.read()
    if there is not None and there.content == seen.content:
      self.path.unlink(missing_ok=True)


@dataclasses.dataclass(frozen=True)
class Object:
  """An object in a bucket: the server compares generations."""

  path: pathlib.Path

  @property
  def _names(self) -> tuple[str, str]:
    whole = os.fspath(self.path).removeprefix(places.REMOTE)
    bucket, _, name = whole.partition("/")
    return bucket, name

  def read(self) -> Seen | None:
    """What is there at this moment.

    Returns:
      content, generation and age; None where there is nothing.
    """
    files, (bucket, name) = places.file_system(), self._names
    try:
      about = files.call("GET", "b/{}/o/{}", bucket, name, json_out=True)
      content = files.cat_file(f"{bucket}/{name}")
    except FileNotFoundError:
      return None
    written = datetime.datetime.fromisoformat(about["updated"])
    age = time.time() - written.timestamp()
    return Seen(content, about["generation"], age)

  def create(self, content: bytes) -> Seen | None:
    """Writes the file unless one is there.

    Args:
      content: of the whole file.

    Returns:
      what was written; None where there is a file already.
    """
    return self._write(content, generation=ABSENT)

  def renew(self, seen: Seen) -> Seen | None:
    """Says that what was written is still meant: its age begins anew.

    Args:
      seen: the file as this process last wrote or read it.

    Returns:
      the file now; None where it is another's by now, or gone.
    """
    if renewed := self._write(seen.content, generation=seen.generation):
      return renewed
    there = self.read()  # written, and the answer was lost?
    same = there is not None and there.content == seen.content
    return there if same else None

  def swap(self, seen: Seen, content: bytes) -> Seen | None:
    """Puts new content in place of what was seen.

    Args:
      seen: the file as it was read.
      content: of the whole new file.

    Returns:
      what was written; None where another process was first.
    """
    return self._write(content, generation=seen.generation)

  def remove(self, seen: Seen) -> None:
    """Removes the file if it is still what was seen.

    Args:
      seen: the file as this process last wrote it.
    """
    places.file_system().call(
      "DELETE", "b/{}/o/{}", *self._names, ifGenerationMatch=seen.generation
    )

  def _write(self, content: bytes, *, generation: str) -> Seen | None:
    """Writes unless the object has another generation; None: it has."""
    files, (bucket, name) = places.file_system(), self._names
    try:
      about = files.call(
        "POST",
        f"{files._location}/upload/storage/v1/b/{bucket}/o",
        uploadType="multipart",
        ifGenerationMatch=generation,
        headers={"Content-Type": f"multipart/related; boundary={_BOUNDARY}"},
        data=_multipart(name, content),
        json_out=True,
      )
    except FileExistsError:  # changed
      return None
    except FileNotFoundError:  # gone; or there is no bucket
      if generation == ABSENT:
        raise
      return None
    return Seen(content, about["generation"])


def _multipart(name: str, content: bytes) -> bytes:
  parts = (json.dumps({"name": name}).encode(), content)
  between = f"--{_BOUNDARY}\r\nContent-Type: application/json\r\n\r\n"
  body = b"".join(between.encode() + part + b"\r\n" for part in parts)
  return body + f"--{_BOUNDARY}--".encode()
