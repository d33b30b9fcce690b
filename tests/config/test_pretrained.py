import json

import pytest

from forgetting.config import InputError, Pretrained
from forgetting.config.pretrained import NotFetched

CONFIG = dict(
  model_type="llama", vocab_size=260, hidden_size=16, intermediate_size=32,
  num_hidden_layers=2, num_attention_heads=2, max_position_embeddings=64,
)  # fmt: skip


@pytest.fixture
def hub(tmp_path, monkeypatch):
  """A cache of the hub with one model, at two revisions."""
  for name in ("HF_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME"):
    monkeypatch.delenv(name, raising=False)
  monkeypatch.setenv("HF_HOME", str(tmp_path))
  kept = tmp_path / "hub" / "models--org--Tiny-1K"
  (kept / "refs").mkdir(parents=True)
  for reference, commit, layers in (("main", "aa", 2), ("v1", "bb", 3)):
    (kept / "refs" / reference).write_text(commit)
    folder = kept / "snapshots" / commit
    folder.mkdir(parents=True)
    told = json.dumps(CONFIG | dict(num_hidden_layers=layers))
    (folder / "config.json").write_text(told)
  return kept


def test_an_id_is_read_from_the_cache_of_the_hub(hub):
  assert Pretrained("org/Tiny-1K").architecture().layers == 2
  assert Pretrained("org/Tiny-1K", "v1").architecture().layers == 3
  assert Pretrained("org/Tiny-1K", "bb").folder.name == "bb"
  with pytest.raises(NotFetched, match="its id and a network"):
    Pretrained("org/Other").architecture()


def test_its_tokenizer_leads_back_to_it():
  for parent in (Pretrained("./a/b"), Pretrained("org/Tiny", "v1")):
    assert Pretrained.of_tokenizer(parent.tokenizer) == parent
  assert Pretrained.of_tokenizer("gpt2") is None


def test_names_of_runs_have_a_word_for_it():
  assert Pretrained("HuggingFaceTB/SmolLM2-135M").word == "smollm2_135m"
  assert Pretrained("./models/Qwen2.5-0.5B/").word == "qwen2.5_0.5b"


def test_what_is_not_there_is_told_in_a_line(tmp_path):
  with pytest.raises(InputError, match="no such folder"):
    Pretrained(str(tmp_path / "nothing")).architecture()
  with pytest.raises(InputError, match="expected the config.json"):
    Pretrained(str(tmp_path)).architecture()
  with pytest.raises(InputError, match=r"\.gguf"):
    Pretrained("model.gguf")
