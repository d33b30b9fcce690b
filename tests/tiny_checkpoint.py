"""A public checkpoint of kilobytes, with a tokenizer of bytes; and runs."""

import json
import pathlib

import numpy as np

from forgetting.config import Evaluation, Optimizer, Pretrained, Run
from forgetting.config.config_json import parse
from forgetting.config.transformer import PublicModel
from forgetting.training import models
from forgetting.training.public import writing

CONFIG = dict(
  model_type="llama", vocab_size=260, hidden_size=16, intermediate_size=32,
  num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=1,
  max_position_embeddings=64, tie_word_embeddings=True, bos_token_id=256,
  eos_token_id=257,
)  # fmt: skip
BEGIN, END = 256, 257


def alphabet() -> list[str]:
  """The characters that byte-level byte pairs write bytes as."""
  plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
  other = [b for b in range(256) if b not in plain]
  shown = {b: chr(b) for b in plain}
  shown |= {b: chr(256 + i) for i, b in enumerate(other)}
  return [shown[b] for b in range(256)]


def tokenizer(*, begins: bool = True) -> dict:
  """A tokenizer.json of single bytes.

  Args:
    begins: whether <s> is put before every text.
  """
  bytewise = dict(type="ByteLevel", add_prefix_space=False, trim_offsets=True)
  added = [
    dict(
      id=id, content=content, special=True, single_word=False, lstrip=False,
      rstrip=False, normalized=False,
    )
    for id, content in ((BEGIN, "<s>"), (END, "</s>"))
  ]  # fmt: skip
  before = dict(
    type="TemplateProcessing",
    single=[{"SpecialToken": dict(id="<s>", type_id=0)}],
    pair=[],
    special_tokens={"<s>": dict(id="<s>", ids=[BEGIN], tokens=["<s>"])},
  )
  before["single"].append({"Sequence": dict(id="A", type_id=0)})
  before["pair"] = [*before["single"], {"Sequence": dict(id="B", type_id=1)}]
  return dict(
    version="1.0",
    added_tokens=added,
    pre_tokenizer=bytewise | dict(use_regex=False),
    post_processor=before if begins else None,
    decoder=bytewise,
    model=dict(
      type="BPE", vocab={c: i for i, c in enumerate(alphabet())}, merges=[]
    ),
  )


def write(folder: pathlib.Path, *, seed: int = 0, **config) -> pathlib.Path:
  """A folder as the hub has it."""
  folder.mkdir(parents=True)
  told = CONFIG | config
  (folder / "config.json").write_text(json.dumps(told))
  (folder / "tokenizer.json").write_text(json.dumps(tokenizer()))
  c = parse(told)
  fresh = models.init(PublicModel.of(c, context=32), seed=seed)
  writing.anew(fresh, c, out=folder)
  return folder


def write_broken(folder: pathlib.Path) -> pathlib.Path:
  """The same with one weight that is no number."""
  write(folder)
  file = folder / "model.safetensors"
  whole = bytearray(file.read_bytes())
  whole[-4:] = np.float32(np.nan).tobytes()
  file.write_bytes(whole)
  return folder


def finetuning(parent: Pretrained, text: dict[str, str], **changes) -> Run:
  """A fine-tuning of seconds; without a domain a control."""
  values = dict(
    model=parent.model(context=32),
    optimizer=Optimizer(peak_lr=3e-3, warmup_steps=2),
    steps=6,
    batch_size=4,
    pretraining=(text["news"],),
    injection=0.25,
    domain=text["law"],
    target_tokens_asked=200,
    tokenizer=parent.tokenizer,
    evaluation=Evaluation(
      points=3, curve_pretrain=8, curve_target=8, full_pretrain=8,
      full_target=8,
    ),
    parent=parent,
  )  # fmt: skip
  return Run(**values | changes)
