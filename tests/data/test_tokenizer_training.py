"""Models trained on our own text: their names, their cache."""

import numpy as np
import pytest
from rich.console import Console
from rich.progress import Progress
import synthetic

from forgetting.config import InputError
from forgetting.data import (
  document_store,
  sources,
  tokenizer_training,
  tokenizers,
)

pytestmark = pytest.mark.usefixtures("own_cache")


@pytest.fixture(scope="module")
def source(tmp_path_factory):
  folder = tmp_path_factory.mktemp("source") / "words"
  return synthetic.odd_folder(folder, documents=120, seed=2)


@pytest.fixture(scope="module")
def trained(source):
  return f"sp400:{source}"


def test_training_is_deterministic_and_cached_by_content(
  source, trained, tmp_path, monkeypatch
):
  with quiet() as progress:
    first = tokenizers.ensure(trained, progress)
  assert first.vocab_size == 400 and first.dtype == np.uint16
  spec = tokenizer_training.parse(trained)
  folder = document_store.folder_of(sources.find(source))
  assert tokenizer_training._train(400, [folder]) == spec.path().read_bytes()
  with monkeypatch.context() as patch, quiet() as progress:
    patch.setattr(tokenizer_training, "_train", None)
    assert tokenizer_training.ensure(spec, progress) == spec.path()
  more = synthetic.folder(tmp_path / "more", documents=50, seed=9)
  assert tokenizer_training.parse(f"sp400:{more}").path() != spec.path()


def quiet():
  return Progress(console=Console(quiet=True))


def test_names():
  parse = tokenizer_training.parse
  assert parse("sp8192").sources == ("mix",)
  assert parse("sp8192").name == "sp8192"
  assert parse("sp500:kjv+./x").sources == ("kjv", "./x")
  assert parse("sp500:kjv+./x").name == "sp500:kjv+./x"
  assert parse("bytes") is None
  with pytest.raises(InputError, match="expected 300 up"):
    parse("sp20")
