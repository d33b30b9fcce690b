"""Checkpoints that are here, that are fetched, and that cannot be had."""

import importlib
import pathlib

import pytest

from forgetting.config import InputError, Pretrained
from forgetting.data import hub


@pytest.fixture
def folder(tmp_path, own_cache) -> pathlib.Path:
  place = tmp_path / "Tiny"
  place.mkdir()
  for name in ("config.json", "tokenizer.json", "model.safetensors"):
    (place / name).write_text(name)
  return place


def test_a_folder_is_taken_as_it_is(folder):
  assert hub.fetch(Pretrained(str(folder)), weights=True) == folder


def test_what_it_is_follows_from_its_content(folder, tmp_path):
  before = hub.identity(Pretrained(str(folder)))
  assert {*before} == {"weights", "config", "tokenizer"}
  folder.rename(tmp_path / "Moved")
  moved = Pretrained(str(tmp_path / "Moved"))
  assert hub.identity(moved) == before
  (tmp_path / "Moved" / "model.safetensors").write_text("other")
  after = hub.identity(moved)
  assert after["weights"] != before["weights"]
  assert after["config"] == before["config"]


@pytest.mark.parametrize(
  ("error", "message"),
  [
    ("GatedRepoError", "is gated; accept its terms"),
    ("RepositoryNotFoundError", "no such model on the hub"),
    ("RevisionNotFoundError", "found no revision 'v9'"),
    ("LocalEntryNotFoundError", "cannot be fetched from the hub"),
  ],
)
def test_what_cannot_be_had_is_told_in_a_line(
  error, message, monkeypatch, tmp_path
):
  huggingface_hub = pytest.importorskip("huggingface_hub")
  monkeypatch.setenv("HF_HOME", str(tmp_path))
  kind = getattr(importlib.import_module("huggingface_hub.errors"), error)

  def refuse(*_, **__):
    raise kind.__new__(kind)

  monkeypatch.setattr(huggingface_hub, "snapshot_download", refuse)
  with pytest.raises(InputError, match=message) as found:
    hub.fetch(Pretrained("org/Tiny", "v9"), weights=True)
  assert "\n" not in str(found.value)


def test_settings_alone_are_fetched_for_a_dry_run(monkeypatch, tmp_path):
  huggingface_hub = pytest.importorskip("huggingface_hub")
  monkeypatch.setenv("HF_HOME", str(tmp_path))
  asked = []

  def download(name, *, revision, allow_patterns):
    asked.extend(allow_patterns)
    place = tmp_path / "hub" / "models--org--Tiny" / "snapshots" / "main"
    place.mkdir(parents=True)
    (place / "config.json").write_text("{}")

  monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
  hub.fetch(Pretrained("org/Tiny"), weights=False)
  assert "*.safetensors" not in asked


def test_a_file_that_cannot_be_read_is_one_line(folder):
  (folder / "model.safetensors").unlink()
  (folder / "model.safetensors").mkdir()
  with pytest.raises(InputError, match="safetensors: cannot be read .Is a dir"):
    hub.identity(Pretrained(str(folder)))
