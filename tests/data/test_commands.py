import json

import numpy as np
import pytest
import synthetic

from forgetting.config import InputError
from forgetting.data import commands, corpora, store

CONTEXT = 16
pytestmark = pytest.mark.usefixtures("own_cache")


@pytest.fixture(scope="module")
def source(tmp_path_factory):
  place = tmp_path_factory.mktemp("source") / "made up"
  return synthetic.folder(place, documents=100, seed=7)


def test_the_list_names_everything_and_what_is_cached(monkeypatch, tmp_path):
  monkeypatch.setenv("FORGETTING_CACHE", str(tmp_path))
  lines = commands.list_text().splitlines()
  whole = " ".join(line.strip() for line in lines)
  for name, corpus in corpora.CATALOGUE.items():
    [line] = [line for line in lines if line.startswith(f"  {name} ")]
    assert corpus.description in line
    assert " - " in line
    names = whole.partition(f" {corpus.licence}: ")[2].split(": ")[0]
    assert name in names.split()
  cache_line = lines.pop()
  assert cache_line.startswith("cache: ")
  assert max(map(len, lines)) <= commands.WIDTH
  (tmp_path / "archives").mkdir()
  [archive] = corpora.CATALOGUE["kjv"].archives
  (tmp_path / "archives" / archive.filename).touch()
  folder = tmp_path / "chunks" / "wiki_en-bytes-L16-12345678"
  folder.mkdir(parents=True)
  (folder / "meta.json").touch()
  told = commands.list_text()
  assert "archive " in next(x for x in told.splitlines() if x[:6] == "  kjv ")
  assert "1 prepared" in next(x for x in told.splitlines() if "wiki_en " in x)
  assert told.splitlines()[-1] == f"cache: {tmp_path}"


def test_what_cannot_be_prepared_is_skipped_with_a_message(source):
  told = commands.prepare_text(["./absent", source], context=CONTEXT)
  first, second = told.splitlines()
  assert first.startswith("skipped: ./absent: no such file")
  assert second.startswith("made_up: train ") and "tokens" in second
  with pytest.raises(InputError, match="no such file"):
    commands.prepare_text(["./absent"], context=CONTEXT)


def test_show_tells_samples_counts_and_bits_per_byte(source):
  told = commands.show_text(source, context=CONTEXT, samples=2)
  prepared = store.open_prepared(source, context=CONTEXT)
  assert f"{len(prepared.train):,} train" in told
  assert f"train {prepared.train[:, 1:].size:,} tokens" in told
  bits = commands.token_frequency_bits(prepared)
  assert f"{bits:.3f} by token frequencies" in told
  assert told.count("\n\n  | ") == 2


def test_bits_per_byte_by_token_frequencies_directly(source):
  prepared = store.prepare(source, context=CONTEXT)
  counts = np.bincount(prepared.train[:, 1:].ravel(), minlength=259) + 1.0
  bits = -np.log2(counts / counts.sum())
  total = sum(
    bits[token] for chunk in prepared.validation for token in chunk[1:]
  )
  expected = total / prepared.validation_bytes.sum()
  found = commands.token_frequency_bits(prepared)
  assert found == pytest.approx(expected)
  assert 2 < found < 5


def test_a_tokenizer_is_trained_and_named(source):
  told = commands.tokenizer_text([source], size=300)
  assert told.startswith(f"sp300:{source}: SentencePiece, 300 ids, end of text")
  assert "vocab_size=300" in told
  prepared = commands.prepare_text(
    [source], context=CONTEXT, tokenizer=f"sp300:{source}"
  )
  assert prepared.startswith("made_up: train ")
  with pytest.raises(InputError, match="expected 300 up"):
    commands.tokenizer_text([source], size=10)
  with pytest.raises(InputError, match="neither a name nor --size"):
    commands.tokenizer_text([], size=None)
  assert commands.tokenizer_text(["bytes"], size=None).startswith("bytes: ")


def test_damage_is_told_from_a_visible_share(own_cache, tmp_path):
  lines = [
    json.dumps({"text": synthetic.document(12, seed=seed)})
    for seed in range(120)
  ]
  damaged = "\n".join(lines).encode().replace(b"a", b"\xe4")
  (tmp_path / "old.jsonl").write_bytes(damaged)
  prepared = store.prepare(str(tmp_path / "old.jsonl"), context=16)
  (note,) = store.notes(prepared, least=store.VISIBLE)
  assert "characters are no UTF-8" in note
  assert store.provenance(prepared)["notes"] == note


def _said(role: str, seed: int) -> dict:
  return dict(role=role, content=synthetic.document(30, seed=seed))


def _chats(file, *records) -> str:
  lines = (json.dumps(dict(messages=messages)) for messages in records)
  file.write_text("\n".join(lines))
  return str(file)


def test_chats_are_shown_by_role_without_marks(tmp_path):
  turns = [
    [_said("user", 2 * seed), _said("assistant", 2 * seed + 1)]
    for seed in range(40)
  ]
  told = commands.show_text(
    _chats(tmp_path / "chats.jsonl", *turns), context=CONTEXT, samples=2
  )
  assert told.count("\n  | User: ") == 2
  assert not any(mark in told for mark in ("\x02", "\x03", "\x1e"))
  pairs = (
    json.dumps(dict(prompt=user["content"], response=answer["content"]))
    for user, answer in turns
  )
  (tmp_path / "pairs.jsonl").write_text("\n".join(pairs))
  told = commands.show_text(str(tmp_path / "pairs.jsonl"), context=CONTEXT)
  assert "\n\n  | " in told and "\x1e" not in told


def test_chats_that_are_all_left_out_are_told_with_the_reason(tmp_path):
  asked, used = [_said("user", 0)], [_said("user", 1), _said("tool", 2)]
  file = _chats(tmp_path / "tools.jsonl", asked, used, used, used)
  with pytest.raises(InputError, match="dropped: 4 not chats") as told:
    commands.show_text(file, context=CONTEXT)
  assert str(told.value).endswith(
    "expected text, or chats in which an assistant speaks, without tools and"
    " images"
  )
