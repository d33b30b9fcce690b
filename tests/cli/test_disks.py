"""Real disks that are full or read-only; a machine without HOME or UTF-8."""

from collections.abc import Iterator
import contextlib
import os
import pathlib
import subprocess
import sys

import pytest

pytestmark = [
  pytest.mark.slow,
  pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="mounts need root"
  ),
]
BARE = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}


@contextlib.contextmanager
def mounted(*options: object) -> Iterator[None]:
  """Something is mounted, and no longer afterwards; skips where it cannot."""
  words = [str(option) for option in options]
  if subprocess.run(["mount", *words], capture_output=True).returncode:
    pytest.skip("nothing can be mounted here")
  try:
    yield
  finally:
    subprocess.run(["umount", words[-1]], check=True)


def bare(
  *arguments: object, cache: pathlib.Path
) -> subprocess.CompletedProcess:
  """The command without a terminal, HOME, or a locale but C."""
  return subprocess.run(
    [sys.executable, "-m", "forgetting", *map(str, arguments)],
    env={"PATH": os.environ["PATH"], "FORGETTING_CACHE": str(cache)} | BARE,
    stdin=subprocess.DEVNULL,
    capture_output=True,
    encoding="utf-8",
  )


def is_one_line(done: subprocess.CompletedProcess, *words: str) -> None:
  assert done.returncode == 2, done.stderr
  assert len(done.stderr.strip().splitlines()) == 1, done.stderr
  for word in words:
    assert word in done.stderr


@pytest.fixture
def letters(tmp_path) -> pathlib.Path:
  """A folder of text of a user's own, two megabytes."""
  folder = tmp_path / "ümlaute"
  folder.mkdir()
  for number in range(20):
    line = f"Letter {number}: it rained, and we spoke of föhn.\n"
    (folder / f"{number}.txt").write_text(line * 2500, "utf-8")
  return folder


@pytest.mark.parametrize("kind", ["full", "read-only"])
def test_a_cache_that_cannot_be_written_is_one_line(tmp_path, letters, kind):
  disk = tmp_path / "disk"
  disk.mkdir()
  size = ("-t", "tmpfs", "-o", "size=1m" if kind == "full" else "ro")
  with mounted(*size, "tmpfs", disk):
    done = bare("data", "prepare", letters, cache=disk / "cache")
  is_one_line(done, "FORGETTING_CACHE", str(disk))
