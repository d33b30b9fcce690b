"""Some text of a model, to be looked at."""

from __future__ import annotations

import numpy as np

from forgetting.config import InputError
from forgetting.data import decoding, tokenizers
from forgetting.data.tokenizers import Kind, Tokenizer
from forgetting.runs.sides import Side


def sampled(
  side: Side,
  *,
  count: int,
  prompt: str = "",
  temperature: float = 1.0,
  top_p: float = 1.0,
  seed: int = 0,
) -> list[str]:
  """Text that a model writes, each as long as its context.

  Args:
    side: the model.
    count: texts.
    prompt: what each begins with; by default what a document begins with.
    temperature: by which logits are divided; 0: the likeliest token.
    top_p: the likeliest tokens that have this share together are kept.
    seed: of the dice.

  Raises:
    InputError: a prompt that is longer than the context, or that no tokenizer
      of text cuts; a model whose logits are not finite.
  """
  from forgetting.training import sampling

  found = tokenizers.find(side.tokenizer)
  begin = tokenizers.begin(found)
  first = [begin, *_encoded(found, prompt)]
  length = side.model.context + 1
  if len(first) >= length:
    raise InputError(
      f"--prompt: found {len(first) - 1} tokens, expected fewer than the"
      f" {side.model.context} of the context"
    )
  tokens = np.zeros((count, length), np.int32)
  tokens[:, : len(first)] = first
  sampler = sampling.compile_sampler(side.model, rows=count)
  params = sampler.to_devices(side.load())
  try:
    written = sampler.continued(
      params,
      tokens,
      given=len(first),
      number_B=np.arange(count),
      seed=seed,
      temperature=temperature,
      top_p=top_p,
    )
  except InputError as error:
    raise InputError(f"{side.path}: {error}") from error
  return decoding.decode(written[:, 1:], side.tokenizer)


def _encoded(found: Tokenizer, text: str) -> list[int]:
  if not text:
    return []
  if found.kind is Kind.BYTES:
    return [byte + decoding.BYTE_OFFSET for byte in text.encode()]
  if found.kind is Kind.HUGGING_FACE:
    encode = tokenizers.hugging_face_encoder(found.path)
    return encode(text.encode())[0].tolist()
  raise InputError(
    f"--prompt: found one for {found.name!r}, expected a model of bytes or with"
    " a tokenizer.json"
  )
