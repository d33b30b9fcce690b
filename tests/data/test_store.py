import json
import multiprocessing
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
import synthetic

from forgetting.config import InputError
from forgetting.data import (
  chunk_files,
  document_store,
  sources,
  store,
)
from forgetting.data.documents import Split
from forgetting.data.store import chunk_ids, open_prepared, prepare

CONTEXT = 16
pytestmark = pytest.mark.usefixtures("own_cache")


@pytest.fixture(scope="module")
def source(tmp_path_factory):
  place = tmp_path_factory.mktemp("source") / "made up"
  return synthetic.folder(place, documents=120, seed=7)


@pytest.fixture(scope="module")
def prepared(source):
  return prepare(source, context=CONTEXT)


def documents(source):
  return [
    (os.path.join(source, name), open(os.path.join(source, name)).read())
    for name in os.listdir(source)
  ]


def test_chunks_overlap_by_one_token(prepared):
  for chunks in (prepared.train, prepared.validation):
    assert chunks.shape[1] == CONTEXT + 1 and chunks.dtype == np.uint16
    assert (chunks[1:, 0] == chunks[:-1, -1]).all()


def stream(chunks):
  return np.concatenate([chunks[0], chunks[1:, 1:].ravel()])


def text_of(tokens):
  """Texts between end-of-text tokens; a byte is its id less 3."""
  data = bytes(np.where(tokens == 1, 0, tokens - 3).astype(np.uint8))
  return data.decode("utf-8", "ignore").split("\0")


def test_the_chunks_are_the_documents_and_nothing_is_in_both(source, prepared):
  whole = {text for _, text in documents(source)}
  train = text_of(stream(prepared.train))
  validation = text_of(stream(prepared.validation))
  assert set(train[:-1]) | set(validation[:-1]) <= whole
  assert len(train) + len(validation) >= len(whole) - 1
  assert not set(train) & set(validation)


def test_no_more_than_one_chunk_is_lost(prepared):
  for split in ("train", "validation"):
    counts = prepared.meta["documents"]
    tokens = counts[split] + counts[f"{split}_bytes"]  # an end token each
    kept = len(stream(getattr(prepared, split)))
    assert tokens - CONTEXT <= kept <= tokens


def test_bytes_count_the_targets_and_not_the_end_of_text(prepared):
  targets = prepared.train[:, 1:]
  assert prepared.train_bytes.dtype == np.uint32
  assert (prepared.train_bytes == (targets >= 3).sum(1)).all()
  assert prepared.train_bytes.min() < CONTEXT  # there are end tokens
  assert prepared.meta["splits"]["train"]["bytes"] == (
    prepared.train_bytes.sum()
  )


def test_the_record_names_the_exact_data(source, prepared):
  meta = prepared.meta
  assert prepared.name == meta["name"] == "made_up"
  assert source in meta["source"] and "sha256:" in meta["source"]
  for field in ("licence", "tokenizer_sha256", "extractor_version"):
    assert meta[field]
  assert (meta["tokenizer"], meta["vocab_size"]) == ("bytes", 259)
  assert "mod 20" in meta["split_rule"]
  assert meta["documents"]["read"] == 120
  assert meta["splits"]["train"]["tokens"] == len(prepared.train) * CONTEXT


def test_provenance_tells_one_text_from_another(source, prepared, tmp_path):
  told = store.provenance(prepared)
  assert all(isinstance(value, str) and value for value in told.values())
  other = synthetic.folder(tmp_path / "made up", documents=120, seed=8)
  changed = store.provenance(prepare(other, context=CONTEXT))
  differ = {field for field in told if told[field] != changed[field]}
  assert {"source", "train_sha256", "validation_sha256"} <= differ
  assert not differ & {"name", "tokenizer", "split_rule", "context", "licence"}


def test_a_second_time_opens_and_makes_nothing(source, prepared, monkeypatch):
  monkeypatch.setattr(store, "_fill", None)
  again = prepare(source, context=CONTEXT)
  assert (again.train == prepared.train).all()
  opened = open_prepared(source, context=CONTEXT)
  assert (opened.validation == prepared.validation).all()


def test_opening_needs_no_tensorflow(source, prepared):
  code = (
    "import sys; from forgetting.data import store\n"
    f"store.open_prepared({source!r}, context={CONTEXT})\n"
    f"store.prepare({source!r}, context={CONTEXT})\n"
    "assert not {'tensorflow', 'seqio', 'jax'} & set(sys.modules)"
  )
  subprocess.run([sys.executable, "-c", code], check=True)


def test_another_context_is_another_folder_of_the_same_documents(source):
  other = prepare(source, context=2 * CONTEXT)
  first = open_prepared(source, context=CONTEXT)
  n = min(len(stream(other.train)), len(stream(first.train)))
  assert (stream(other.train)[:n] == stream(first.train)[:n]).all()


def test_absent_says_how_to_prepare(source):
  with pytest.raises(InputError, match="forgetting data prepare") as caught:
    open_prepared(source, context=999)
  assert "\n" not in str(caught.value)


def test_a_truncated_store_is_noticed(tmp_path, monkeypatch, source, prepared):
  there = store.folder_of(source, context=CONTEXT, tokenizer="bytes")
  folder = tmp_path / "chunks" / there.name
  shutil.copytree(there, folder)
  monkeypatch.setenv("FORGETTING_CACHE", str(tmp_path))
  assert open_prepared(source, context=CONTEXT)
  os.truncate(folder / "train.tokens", 100)
  with pytest.raises(InputError, match="damaged"):
    open_prepared(source, context=CONTEXT)


@pytest.fixture(scope="module")
def in_parts(tmp_path_factory, source):
  """The source prepared in parts of 10 kB, and the cache that it is in."""
  folder = tmp_path_factory.mktemp("in_parts")
  with pytest.MonkeyPatch.context() as patch:
    patch.setattr(document_store, "_SPAN_BYTES", 10_000)
    patch.setenv("FORGETTING_CACHE", str(folder))
    return prepare(source, context=CONTEXT), folder


def test_an_interrupted_preparation_goes_on_where_it_was(
  tmp_path, monkeypatch, source, in_parts
):
  whole, _ = in_parts
  monkeypatch.setattr(document_store, "_SPAN_BYTES", 10_000)
  monkeypatch.setenv("FORGETTING_CACHE", str(tmp_path / "parts"))
  written = []

  def write(folder, batches, layout, original=chunk_files.write_part):
    if len(written) == 2:
      written.append("interrupted")
      raise KeyboardInterrupt
    original(folder, batches, layout)
    written.append(folder.name)

  monkeypatch.setattr(chunk_files, "write_part", write)
  with pytest.raises(KeyboardInterrupt):
    prepare(source, context=CONTEXT)
  assert not list((tmp_path / "parts" / "chunks").iterdir())
  prepared = prepare(source, context=CONTEXT)
  assert len(written) > 5 and len(set(written)) == len(written)  # each once
  assert (prepared.train == whole.train).all()
  assert prepared.meta == whole.meta
  assert not list((tmp_path / "parts" / "parts").iterdir())


def test_parts_lose_less_than_a_chunk_each(monkeypatch, source, in_parts):
  prepared, cache = in_parts
  monkeypatch.setenv("FORGETTING_CACHE", str(cache))
  monkeypatch.setattr(document_store, "_SPAN_BYTES", 10_000)
  folder = document_store.folder_of(sources.find(source))
  for split in Split:
    spans = document_store.spans(folder, split)
    assert [s.start for s in spans[1:]] == [s.stop for s in spans[:-1]]
    counts = prepared.meta["documents"]
    tokens = counts[split] + counts[f"{split}_bytes"]  # an end token each
    kept = prepared.meta["splits"][split]["tokens"]
    assert tokens - (CONTEXT + 1) * len(spans) <= kept < tokens
  assert len(document_store.spans(folder, Split.TRAIN)) > 4


@pytest.mark.parametrize(
  ("texts", "told"),
  [
    (["short"] * 3, "none of 40 or more characters"),
    ([synthetic.document(30, seed=3)], "validation documents"),
  ],
)
def test_too_little_text(tmp_path, texts, told):
  for i, text in enumerate(texts):
    (tmp_path / f"{i}.txt").write_text(text)
  with pytest.raises(InputError, match=told) as caught:
    prepare(str(tmp_path), context=CONTEXT)
  assert "\n" not in str(caught.value)


def test_a_context_longer_than_the_text(source):
  with pytest.raises(InputError, match="one chunk of 1000001 tokens"):
    prepare(source, context=1_000_000)
  with pytest.raises(InputError, match="context: found 0"):
    prepare(source, context=0)


def test_ids_are_hashes_of_little_endian_words():
  import hashlib

  chunk = np.array([1, 258, 70000], np.uint32)
  raw = b"\x01\0\0\0\x02\x01\0\0\x70\x11\x01\0"
  [one] = chunk_ids(chunk[None])
  assert one == hashlib.sha256(raw).hexdigest()[:16].encode()
  small = np.arange(6, dtype=np.uint16).reshape(2, 3)
  assert (chunk_ids(small) == chunk_ids(small.astype(">i8"))).all()
  assert chunk_ids(small).dtype == "S16" and len(set(chunk_ids(small))) == 2


def _prepare_elsewhere(source, cache, ready, hashes):
  from forgetting.data import tasks  # seconds: before both begin

  assert tasks
  os.environ["FORGETTING_CACHE"] = cache
  ready.wait()
  prepared = prepare(source, context=CONTEXT)
  hashes.put(prepared.meta["splits"]["train"]["sha256"])


def test_two_processes_at_once(tmp_path, source, prepared, monkeypatch):
  monkeypatch.setenv("FORGETTING_CACHE", str(tmp_path))
  context = multiprocessing.get_context("spawn")
  ready, elsewhere = context.Barrier(2, timeout=600), context.Queue()
  arguments = (source, str(tmp_path), ready, elsewhere)
  other = context.Process(target=_prepare_elsewhere, args=arguments)
  other.start()
  ready.wait()
  here = prepare(source, context=CONTEXT).meta["splits"]["train"]["sha256"]
  hashes = [here, elsewhere.get(timeout=600)]
  other.join()
  assert set(hashes) == {prepared.meta["splits"]["train"]["sha256"]}
  for kind in ("chunks", "documents"):
    [folder] = (tmp_path / kind).iterdir()
    assert json.loads((folder / "meta.json").read_text())
