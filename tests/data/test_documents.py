import hashlib
import os
import random
import re
import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st
import pytest
import synthetic

from forgetting.data import documents
from forgetting.data.documents import Counts, Rules, Split, kept

EVERYTHING = Rules()


def run(texts, rules=EVERYTHING):
  counts = Counts()
  out = list(kept(texts, rules, counts))
  assert counts.pieces == (
    len(out)
    + counts.too_short
    + counts.duplicates
    + counts.near_duplicates
    + counts.over_cap
  )
  return out, counts


def many(count, *, words=60, seed=0):
  return [synthetic.document(words, seed=seed * 9973 + i) for i in range(count)]


def test_key_is_the_hash_of_the_words_alone():
  spelled = documents.key("Hello,  World!\n(again)")
  expected = hashlib.sha256(b"hello world again").digest()
  assert spelled == expected
  assert documents.key("hello world: AGAIN") == expected


@given(st.text(st.characters(max_codepoint=300), max_size=80))
def test_normalised_text_is_the_same_by_table_and_by_rule(spelled):
  plain = re.sub(r"\W+", " ", spelled.lower()).strip().encode()
  assert documents.normalised(spelled) == plain


@given(st.text(st.characters(max_codepoint=127), max_size=80))
def test_ascii_text_too(spelled):
  plain = re.sub(r"\W+", " ", spelled.lower()).strip().encode()
  assert documents.normalised(spelled) == plain


def test_one_in_twenty_documents_is_validation_by_its_key():
  out, _ = run(many(1500))
  share = sum(split is Split.VALIDATION for split, _ in out) / len(out)
  assert 0.03 < share < 0.075
  for split, document in out:
    plain = re.sub(r"\W+", " ", document.decode().lower()).strip()
    digest = hashlib.sha256(plain.encode()).hexdigest()
    assert (split is Split.VALIDATION) == (int(digest[-4:], 16) % 20 == 0)


def test_output_is_in_key_order_whatever_the_order_of_the_files():
  texts = many(300)
  shuffled = texts[:]
  random.Random(1).shuffle(shuffled)
  out, _ = run(texts)
  assert out == run(shuffled)[0]
  keys = [documents.key(document.decode()) for _, document in out]
  assert keys == sorted(keys)


def test_the_split_does_not_depend_on_pythons_hash_seed():
  code = (
    "import hashlib, synthetic, forgetting.data.documents as d\n"
    "c = d.Counts()\n"
    "t = [synthetic.document(60, seed=i % 150) for i in range(200)]\n"
    "out = list(d.kept(t, d.Rules(), c))\n"
    "print(hashlib.sha256(repr((out, c)).encode()).hexdigest())\n"
  )
  told = {
    subprocess.run(
      [sys.executable, "-c", code],
      env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": "tests:."},
      capture_output=True,
      check=True,
      text=True,
    ).stdout
    for seed in ("1", "2")
  }
  assert len(told) == 1


def test_equal_words_are_duplicates():
  texts = many(20)
  out, counts = run(texts + [t.upper().replace(".", " !") for t in texts])
  assert counts.duplicates == 20
  assert len(out) == 20


def test_a_document_that_is_mostly_seen_falls_and_one_that_is_not_stays():
  first = synthetic.words(200, seed=1)
  mostly = " ".join(first[:120] + synthetic.words(60, seed=2))
  partly = " ".join(first[:60] + synthetic.words(120, seed=3))
  base = " ".join(first)
  # Key order decides who comes first, so judge against the base alone.
  for other, falls in ((mostly, True), (partly, False)):
    seen = documents.SeenTable.for_text(10_000)
    assert not documents._near_duplicate(base.encode(), seen, Rules())
    assert documents._near_duplicate(other.encode(), seen, Rules()) == falls


def test_short_documents_are_never_near_duplicates():
  line = " ".join(synthetic.words(26, seed=5))  # 19 shingles of 8 words
  out, counts = run([line, line + " tail"])
  assert counts.near_duplicates == 0 and len(out) == 2
  line = " ".join(synthetic.words(40, seed=5))
  assert run([line, line + " tail"])[1].near_duplicates == 1


def test_single_word_shingles_by_whitespace():
  molecules = [f"C{i}(=O)N{i}c" for i in range(60)]
  a, b = " ".join(molecules[:40]), " ".join(molecules[10:50])
  rules = Rules(shingle_words=1, whitespace_words=True)
  assert run([a, b], rules)[1].near_duplicates == 1
  assert run([a, b])[1].near_duplicates == 1  # 8-word runs repeat as well
  alternating = " ".join(x for i in range(30) for x in (molecules[i], f"D{i}"))
  assert run([a, alternating])[1].near_duplicates == 0


def test_the_cap_stops_in_key_order():
  texts = many(100)
  everything, _ = run(texts)
  out, counts = run(texts, Rules(cap_bytes=10_000))
  assert out == everything[: len(out)]
  size = sum(len(document) for _, document in out)
  assert 10_000 <= size < 10_000 + max(len(d) for _, d in out)
  assert counts.over_cap == 100 - len(out)


def test_a_long_document_is_cut_at_blank_lines():
  long = synthetic.document(6000, seed=3)
  counts = Counts()
  pieces = list(documents.cut(long, counts))
  assert counts.cut == 1 and len(pieces) == counts.pieces > 3
  assert "\n\n".join(pieces) == long
  assert all(len(piece) <= documents.PIECE + 600 for piece in pieces)
  assert list(documents.cut(long[:12_000], Counts())) == [long[:12_000].strip()]


@given(st.text(min_size=0, max_size=300), st.integers(1, 120))
def test_no_piece_is_ever_too_long_and_nothing_is_lost(part, times):
  whole = (part + "x") * times * 3
  pieces = list(documents._pack(documents._blocks(whole, Counts())))
  assert all(len(piece) <= documents.LONGEST for piece in pieces)
  assert "".join("".join(pieces).split()) == "".join(whole.split())


def test_an_enormous_line_is_cut_too():
  counts = Counts()
  pieces = list(documents.cut("ab " * 20_000, counts))
  assert len(pieces) == 5 and counts.lines_cut == 1
  assert "".join(pieces).replace(" ", "") == "ab" * 20_000


def test_short_pieces_are_counted():
  out, counts = run(["too short", "", synthetic.document(30, seed=1)])
  assert (len(out), counts.too_short, counts.read) == (1, 1, 3)
  assert counts.empty == 1


def test_decoding_errors_are_counted():
  damaged = b"caf\xe9 ".decode("utf-8", "replace") * 20
  assert run([damaged])[1].replacement_characters == 20


def test_a_lone_surrogate_does_no_harm():
  [(_, document)], _ = run(["\ud800 " + synthetic.document(30, seed=1)])
  assert document.decode().startswith("\ufffd")


@pytest.mark.parametrize("limit", [0, 1 << 19])
def test_buckets_on_disk_and_in_memory_give_the_same(monkeypatch, limit):
  texts = many(200)
  expected, _ = run(texts)
  monkeypatch.setattr(documents, "_BUCKET_MEMORY", limit)
  assert run(texts)[0] == expected


def test_a_prompt_keeps_its_response():
  document = "why? " * 3000 + documents.RESPONSE + "because. " * 3000
  assert list(documents.cut(document, Counts())) == [document.strip()]


def test_prompts_in_common_are_no_duplicates():
  """Of a prompt and its response the response alone is judged."""
  prompt = " ".join(synthetic.words(40, seed=1))
  answers = [" ".join(synthetic.words(30, seed=10 + i)) for i in range(60)]
  counts = Counts()
  pairs = [f"{prompt}{documents.RESPONSE}{answer}" for answer in answers]
  pairs += [f"What is 1 + {i}?{documents.RESPONSE}{1 + i}" for i in range(60)]
  found = list(documents.kept(pairs, documents.Rules(), counts))
  assert len(found) == 120 and not counts.near_duplicates
  again = Counts()
  other = [f"Other {i}: {documents.RESPONSE}{answers[0]}" for i in range(9)]
  assert len(list(documents.kept(other, documents.Rules(), again))) == 1
  assert again.near_duplicates == 8
