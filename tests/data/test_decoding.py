import json

import numpy as np
import tiny_checkpoint

from forgetting.data.decoding import decode


def test_bytes_become_their_text():
  text = "aé日"
  chunk = np.array([3 + b for b in text.encode()] + [1, 0, 3 + 0xE6])
  assert decode(chunk[None], "bytes") == [text + "\ufffd"]


def test_a_tokenizer_decodes_its_own(tmp_path):
  file = tmp_path / "tokenizer.json"
  file.write_text(json.dumps(tiny_checkpoint.tokenizer()))
  letters = [tiny_checkpoint.alphabet()[b] for b in b"hello you"]
  ids = [tiny_checkpoint.alphabet().index(c) for c in letters]
  name = f"{file}?end=</s>"
  assert decode(np.array([ids]), name) == ["hello you"]
