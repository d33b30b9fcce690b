"""A packaged model is read out of its archive, and the file is not kept."""

import pytest
from small_archives import archive

from forgetting.config import InputError
from forgetting.data import cache, fetch, gguf_models, packaged_models


def test_the_member_is_converted_and_nothing_of_it_is_kept(
  tmp_path, monkeypatch
):
  monkeypatch.setenv("FORGETTING_CACHE", str(tmp_path / "cache"))
  smollm2 = packaged_models.PACKAGED["smollm2"]

  def opened(name, archives, progress):
    assert archives == [smollm2.archive]
    inside = archive({smollm2.member: "GGUF"})
    return {smollm2.archive.package: inside}

  def converted(file, folder):
    assert file.read_text() == "GGUF"
    folder.mkdir()
    return folder

  monkeypatch.setattr(fetch, "open_archives", opened)
  monkeypatch.setattr(gguf_models, "convert", converted)
  out = tmp_path / "SmolLM2-135M"
  assert packaged_models.convert("smollm2", out) == out
  assert [*(cache.root() / "models").iterdir()] == []
  with pytest.raises(InputError, match="expected a folder that is not"):
    packaged_models.convert("smollm2", out)
