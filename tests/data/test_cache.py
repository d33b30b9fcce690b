"""The cache: where it is, and that a folder of it is whole or absent."""

import errno
import hashlib
import pathlib

import pytest

from forgetting.config import InputError
from forgetting.data import cache


def test_the_variable_chooses_the_folder(monkeypatch, tmp_path):
  monkeypatch.setenv("FORGETTING_CACHE", str(tmp_path / "text"))
  assert cache.root() == tmp_path / "text"
  monkeypatch.delenv("FORGETTING_CACHE")
  monkeypatch.setattr(cache.sys, "platform", "linux")
  monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
  assert cache.root() == tmp_path / "forgetting"
  monkeypatch.setattr(cache.sys, "platform", "darwin")
  assert cache.root().parts[-3:] == ("Library", "Caches", "forgetting")


def test_a_folder_is_there_once_it_is_whole(tmp_path):
  final = tmp_path / "deep" / "text"
  with cache.placing(final) as folder:
    (folder / "words").write_text("a")
    assert not final.exists()
  assert (final / "words").read_text() == "a"
  assert [*final.parent.iterdir()] == [final]


def test_what_failed_leaves_nothing(tmp_path):
  final = tmp_path / "text"
  with pytest.raises(ZeroDivisionError), cache.placing(final):
    _ = 1 / 0
  assert not [*tmp_path.iterdir()]


def test_of_two_the_first_to_end_is_kept(tmp_path):
  final = tmp_path / "text"
  with cache.placing(final) as slow:
    (slow / "words").write_text("slow")
    with cache.placing(final) as quick:
      (quick / "words").write_text("quick")
  assert (final / "words").read_text() == "quick"
  assert [*tmp_path.iterdir()] == [final]


def test_a_cache_that_is_a_file_is_one_line(tmp_path):
  (tmp_path / "file").touch()
  told = "FORGETTING_CACHE: .*cannot be written"
  with (
    pytest.raises(InputError, match=told),
    cache.scratch(tmp_path / "file" / "in", "text"),
  ):
    pass


def test_a_hash_is_of_all_bytes(tmp_path):
  content = bytes(range(256)) * 8200  # more than two blocks
  file = pathlib.Path(tmp_path / "file")
  file.write_bytes(content)
  assert cache.sha256_of(file) == hashlib.sha256(content).hexdigest()


def test_a_key_tells_parts_apart():
  assert cache.key_of("a", 1) == cache.key_of("a", "1")
  assert len({cache.key_of(*parts) for parts in ("ab", "ba", ("ab",))}) == 3


def test_a_cache_that_is_full_is_one_line(tmp_path):
  full = OSError(errno.ENOSPC, "No space left on device")
  with pytest.raises(InputError, match="FORGETTING_CACHE.*No space left"):
    with cache.placing(tmp_path / "text"):
      raise full
  assert not list(tmp_path.iterdir())


def test_without_a_home_the_cache_has_to_be_named(monkeypatch):
  for name in ("FORGETTING_CACHE", "XDG_CACHE_HOME"):
    monkeypatch.delenv(name, raising=False)

  def nowhere():
    raise RuntimeError("Could not determine home directory.")

  monkeypatch.setattr(cache.pathlib.Path, "home", nowhere)
  with pytest.raises(InputError, match="neither it nor HOME"):
    cache.root()
