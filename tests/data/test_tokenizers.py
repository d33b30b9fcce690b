import json

import numpy as np
import pytest
import synthetic

from forgetting.config import InputError
from forgetting.data import (
  document_store,
  sources,
  store,
  tokenizers,
)
from forgetting.data.documents import RESPONSE, Split
from forgetting.data.tokenizers import Kind

CONTEXT = 16
pytestmark = pytest.mark.usefixtures("own_cache")


@pytest.fixture(scope="module")
def source(tmp_path_factory):
  folder = tmp_path_factory.mktemp("source") / "words"
  return synthetic.odd_folder(folder, documents=120, seed=2)


@pytest.fixture(scope="module")
def trained(source):
  return f"sp400:{source}"


@pytest.fixture(scope="module")
def hugging_face(tmp_path_factory):
  """A byte-level BPE written by hand: an id a byte, and one merge."""
  pytest.importorskip("tokenizers")
  shown = _byte_letters()
  vocab = {shown[b]: b for b in range(256)} | {"ka": 256}
  definition = {
    "version": "1.0",
    "added_tokens": [
      {
        "id": 257,
        "content": "<|endoftext|>",
        "single_word": False,
        "lstrip": False,
        "rstrip": False,
        "normalized": False,
        "special": True,
      }
    ],
    "pre_tokenizer": {
      "type": "ByteLevel",
      "add_prefix_space": False,
      "trim_offsets": False,
      "use_regex": True,
    },
    "decoder": {
      "type": "ByteLevel",
      "add_prefix_space": False,
      "trim_offsets": False,
      "use_regex": True,
    },
    "model": {"type": "BPE", "vocab": vocab, "merges": [["k", "a"]]},
  }
  path = tmp_path_factory.mktemp("hf") / "tokenizer.json"
  path.write_text(json.dumps(definition))
  return str(path)


def _byte_letters():
  """The letter by which byte-level BPE shows each byte."""
  kept = [*range(33, 127), *range(161, 173), *range(174, 256)]
  rest = [b for b in range(256) if b not in kept]
  letters = {b: chr(b) for b in kept}
  return letters | {b: chr(256 + i) for i, b in enumerate(rest)}


def stream(chunks):
  return np.concatenate([chunks[0], chunks[1:, 1:].ravel()])


def decoded(tokenizer, ids):
  if tokenizer.kind is Kind.SENTENCEPIECE:
    import sentencepiece

    model = sentencepiece.SentencePieceProcessor(model_file=tokenizer.path)
    return model.decode(ids)
  from tokenizers import Tokenizer

  return Tokenizer.from_file(tokenizer.path).decode(ids)


@pytest.mark.parametrize("which", ["trained", "hugging_face"])
def test_tokens_decode_to_the_documents_and_bytes_add_up(
  source, which, request
):
  name = request.getfixturevalue(which)
  prepared = store.prepare(source, context=CONTEXT, tokenizer=name)
  tokenizer = tokenizers.find(name)
  folder = document_store.folder_of(sources.find(source))
  documents = list(document_store.read(folder, Split.TRAIN))
  tokens = stream(prepared.train).astype(int)
  ends = np.flatnonzero(tokens == tokenizer.end_id)
  first = decoded(tokenizer, tokens[: ends[0]].tolist())
  assert first == documents[0].decode()
  third = decoded(tokenizer, tokens[ends[1] + 1 : ends[2]].tolist())
  assert third == documents[2].decode()
  # All bytes but those of the first token and of the lost tail are targets.
  whole = sum(map(len, documents))
  assert whole - 20 * CONTEXT < prepared.train_bytes.sum() <= whole
  assert prepared.meta["vocab_size"] == tokenizer.vocab_size
  assert prepared.meta["tokenizer_sha256"] == tokenizer.sha256


@pytest.mark.parametrize("which", ["bytes", "trained", "hugging_face"])
def test_bits_per_byte_is_that_of_a_direct_computation(source, which, request):
  """A loss of log2(vocabulary) nats a token, by chunk and by document."""
  name = which if which == "bytes" else request.getfixturevalue(which)
  prepared = store.prepare(source, context=CONTEXT, tokenizer=name)
  folder = document_store.folder_of(sources.find(source))
  documents = list(document_store.read(folder, Split.VALIDATION))
  tokens = stream(prepared.validation)
  bits = np.log2(prepared.meta["vocab_size"])
  by_chunk = bits * prepared.validation[:, 1:].size
  by_chunk /= prepared.validation_bytes.sum()
  # The same text by hand: every token between two ends of text.
  ends = np.flatnonzero(tokens == tokenizers.find(name).end_id)
  size = sum(len(d) for d in documents[: len(ends)])
  direct = bits * (ends[-1] + 1) / size
  assert by_chunk == pytest.approx(direct, rel=0.01)


@pytest.mark.parametrize(
  ("name", "content", "told"),
  [
    ("byte", None, "expected 'bytes', 'sp' and a size"),
    ("a.model", None, "no such file"),
    ("b.model", "no model", "no SentencePiece model"),
    ("c.json", "{}", "no Hugging Face tokenizer.json"),
    (
      "d.json",
      '{"model": {"vocab": {"a": 0}}, "added_tokens": []}',
      "no end-of-text token",
    ),
    ("sp9999:kjv", None, "not trained; run `forgetting data tokenizer"),
  ],
)
def test_what_is_no_tokenizer(tmp_path, monkeypatch, name, content, told):
  monkeypatch.chdir(tmp_path)
  if content:
    (tmp_path / name).write_text(content)
  with pytest.raises(InputError, match=told) as caught:
    tokenizers.find(name)
  assert "\n" not in str(caught.value)


def test_a_large_vocabulary_takes_four_bytes():
  many = tokenizers.Tokenizer("x", Kind.BYTES, "x", "", (1 << 16) + 1, 1)
  assert many.dtype == np.dtype("<u4")


def test_characters_become_bytes():
  text = "aé日𝄞b"
  places = np.arange(len(text) + 1)
  expected = [len(text[:i].encode()) for i in places]
  assert tokenizers.in_bytes(text, places).tolist() == expected


@pytest.mark.parametrize("which", ["bytes", "trained"])
def test_a_prompt_carries_no_loss(tmp_path, which, request):
  name = which if which == "bytes" else request.getfixturevalue(which)
  rows = [
    {"q": f"Question {i}: {' '.join(synthetic.words(9, seed=i))}?", "a": answer}
    for i in range(80)
    for answer in [" ".join(synthetic.words(12, seed=1000 + i))]
  ]
  path = tmp_path / "qa.jsonl"
  path.write_text("\n".join(map(json.dumps, rows)))
  source = f"{path}:q->a:{{prompt}}\\n>{{response}}"
  prepared = store.prepare(source, context=CONTEXT, tokenizer=name)
  weights = np.concatenate(prepared.train_weights)
  assert prepared.train_weights.shape == prepared.train[:, 1:].shape
  tokens = stream(prepared.train)[1:].astype(int)
  end = tokenizers.find(name).end_id
  kept = [
    part[part != end]
    for part in np.split(
      tokens[weights == 1], np.flatnonzero(tokens[weights == 1] == end) + 1
    )
  ]
  answers = {row["a"] for row in rows}
  read = (
    (lambda ids: bytes((ids - 3).tolist()).decode())
    if name == "bytes"
    else (lambda ids: decoded(tokenizers.find(name), ids.tolist()))
  )
  assert len(kept) > 60 and all(read(part) in answers for part in kept[:-1])
  facts = prepared.meta["splits"]["train"]
  assert facts["weighted_tokens"] == weights.sum() < facts["tokens"]
  sizes = [len(answer.encode()) for answer in answers]
  assert facts["bytes"] <= sum(sizes)
  folder = document_store.folder_of(sources.find(source))
  first = next(document_store.read(folder, Split.TRAIN)).decode()
  assert first.count(RESPONSE) == 1


def test_a_special_token_that_a_text_writes_is_text(hugging_face):
  kind = tokenizers.find(hugging_face)
  text = "before <|endoftext|> after"
  ids, starts = tokenizers.hugging_face_encoder(hugging_face)(text.encode())
  assert kind.end_id not in ids
  assert decoded(kind, ids.tolist()) == text
  assert starts[-1] == len(text) - 1
