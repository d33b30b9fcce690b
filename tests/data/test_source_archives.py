import hashlib
import io
import sys
import tarfile

import pytest

from forgetting.config import InputError
from forgetting.data import source_archives
from forgetting.data.archives import Archive


def tar(name="made-up-1.0"):
  """A source archive whose build would fail, as bytes."""
  file = io.BytesIO()
  with tarfile.open(fileobj=file, mode="w:gz") as out:
    for path, content in {
      f"{name}/setup.py": b"raise SystemExit('this was run')",
      f"{name}/text.txt": b"words",
      f"{name}/PKG-INFO": b"Metadata-Version: 2.1\nName: made-up\nVersion: 1.0",
    }.items():
      info = tarfile.TarInfo(path)
      info.size = len(content)
      out.addfile(info, io.BytesIO(content))
  return file.getvalue()


@pytest.fixture
def published(tmp_path, monkeypatch):
  """A folder that pip's own settings name; and the archive in it."""
  index = tmp_path / "index"
  index.mkdir()
  content = tar()
  (index / "made-up-1.0.tar.gz").write_bytes(content)
  monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
  monkeypatch.setenv("PIP_NO_INDEX", "1")
  monkeypatch.setenv("PIP_FIND_LINKS", str(index))
  digest = hashlib.sha256(content).hexdigest()
  return Archive("made-up", "1.0", digest, "made-up-1.0.tar.gz", len(content))


def fetch(archive, folder):
  folder.mkdir()
  return source_archives.fetch("fake", archive, folder, lambda done: None)


def test_it_is_fetched_where_pip_would_look_and_not_built(published, tmp_path):
  pytest.importorskip("unearth")
  path = fetch(published, tmp_path / "out")
  assert path.parent == tmp_path / "out"
  files = source_archives.Files(path)
  assert files.read("made-up-1.0/text.txt") == b"words"
  assert len(files.namelist()) == 3


@pytest.mark.parametrize("setting", ["PIP_FIND_LINKS", "sha256"])
def test_what_is_not_there_is_told_in_one_line(
  published, tmp_path, monkeypatch, setting
):
  pytest.importorskip("unearth")
  if setting == "sha256":
    published = Archive("made-up", "1.0", "0" * 64, "made-up-1.0.tar.gz", 1)
  else:
    monkeypatch.setenv(setting, "")
  with pytest.raises(InputError, match=r"^fake: could not fetch made-up"):
    fetch(published, tmp_path / "out")


def test_without_unearth_it_says_what_to_install(published, monkeypatch):
  monkeypatch.setitem(sys.modules, "unearth", None)
  with pytest.raises(InputError, match="install the package unearth"):
    source_archives.fetch("fake", published, None, print)


def test_pips_settings_the_nearest_first(tmp_path, monkeypatch):
  file = tmp_path / "pip.conf"
  file.write_text(
    "[global]\nindex-url = a\ntimeout = 1\nproxy = p\n"
    "[download]\nindex-url = b\ntimeout = 2\n[install]\nproxy = q\n"
  )
  monkeypatch.setenv("PIP_CONFIG_FILE", str(file))
  monkeypatch.setenv("PIP_TIMEOUT", "3")
  monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "one two")
  found = source_archives.pip_settings()
  told = {k: found[k] for k in ("index-url", "timeout", "proxy")}
  assert told == {"index-url": "b", "timeout": "3", "proxy": "p"}
  assert found["extra-index-url"].split() == ["one", "two"]
