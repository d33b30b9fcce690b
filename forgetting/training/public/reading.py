"""Weights of a public checkpoint as parameters of our decoder."""

from collections.abc import Iterable, Mapping
import json
import pathlib
import re

import jax.numpy as jnp
import numpy as np

from forgetting.config import InputError
from forgetting.config.errors import readable
from forgetting.config.model import Dtype
from forgetting.config.transformer import Transformer
from forgetting.storage import safetensors
from forgetting.storage.safetensors import Place
from forgetting.training.models.family import Params
from forgetting.training.public import names

INDEX, SINGLE = "model.safetensors.index.json", "model.safetensors"
# parameters with rows that pad the vocabulary
PADDED = ("embed/embedding", "head/embedding", "head/bias")
# buffers that old files hold beside the weights
BUFFERS = re.compile(
  r"(\.attn\.(bias|masked_bias)|\.attention\.(bias|masked_bias)"
  r"|rotary_emb\.inv_freq)$"
)
# what a model with vision has beside its text decoder
VISION = re.compile(
  r"(^|\.)(vision_tower|multi_modal_projector|vision_model)\."
)


def load(
  folder: pathlib.Path, c: Transformer, *, dtype: Dtype = "float32"
) -> Params:
  """Parameters of a checkpoint, numpy, filled layer by layer.

  Args:
    folder: with its safetensors files.
    c: the architecture that its config.json describes.
    dtype: of the numbers: nothing is held in wider ones but a tensor at a time.

  Raises:
    InputError: no weights that can be read, or not those of this architecture.
  """
  found = places_in(folder)
  prefix = prefix_of(found, c, where=folder)
  params: dict[str, np.ndarray] = {}
  wanted = names.by_name(c, prefix, found)
  _check(found, wanted, c, where=folder)
  for name, one in wanted.items():
    put(
      params,
      one,
      found[name].read(),
      c,
      where=f"{folder}: {name}",
      dtype=dtype,
    )
  return nested(params)


def places_in(folder: pathlib.Path) -> dict[str, Place]:
  """Name -> where it lies, of every tensor of a checkpoint, sharded or not.

  Args:
    folder: of the checkpoint.

  Raises:
    InputError: there are no safetensors files in it.
  """
  if (folder / INDEX).exists():
    with readable(folder / INDEX):
      text = (folder / INDEX).read_bytes()
    try:
      files = sorted({*json.loads(text)["weight_map"].values()})
    except (ValueError, KeyError, TypeError, AttributeError) as error:
      raise InputError(f"{folder / INDEX}: is no index of shards") from error
  elif (folder / SINGLE).exists():
    files = [SINGLE]
  else:
    others = sorted(
      file.name for file in folder.glob("*.*")
      if file.suffix in (".bin", ".pt", ".pth", ".h5", ".msgpack", ".gguf")
    )  # fmt: skip
    raise InputError(_no_weights(folder, others))
  out: dict[str, Place] = {}
  for file in files:
    out |= safetensors.places(folder / file)
  return out


def _no_weights(folder: pathlib.Path, others: list[str]) -> str:
  if any(name.endswith(".gguf") for name in others):
    return (
      f"{folder}: found {', '.join(others)}, expected {SINGLE}; give the path"
      " of the .gguf file itself"
    )
  if others:
    return (
      f"{folder}: found {', '.join(others)} alone, expected {SINGLE}: pickled"
      " weights can run code and are not read; convert them with"
      " save_pretrained of transformers"
    )
  return f"{folder}: found no weights, expected {SINGLE} or {INDEX}"


def prefix_of(
  found: Iterable[str], c: Transformer, *, where: pathlib.Path
) -> str:
  """What a file's names of the decoder begin with.

  Args:
    found: names in it.
    c: the architecture.
    where: the folder, for messages.

  Raises:
    InputError: no name of an embedding is among them.
  """
  found = {*found}
  first = names.tensors(c)[0]
  for prefix in names.prefixes(c):
    if first.name(prefix) in found:
      return prefix
  expected = first.name(names.prefixes(c)[0])
  raise InputError(
    f"{where}: found no tensor {expected}, expected the weights of a model of"
    f" type {c.family}"
  )


def used(found: Iterable[str], wanted: Iterable[str], c: Transformer) -> None:
  """Refuses a file with tensors that the architecture does not use.

  Args:
    found: names in it.
    wanted: names that are read.
    c: the architecture.

  Raises:
    InputError: one that is neither read nor known to be a buffer, a tied
      output layer or vision.
  """
  for name in sorted({*found} - {*wanted}):
    head = c.tied and name.endswith(("lm_head.weight", "embed_out.weight"))
    vision = c.family == "gemma3_text" and VISION.search(name)
    if not (head or vision or BUFFERS.search(name)):
      raise InputError(
        f"found tensor {name}, which a model of type {c.family} with this"
        " config.json does not use: it would compute something else"
      )


def _check(found, wanted, c: Transformer, *, where: pathlib.Path) -> None:
  for name in wanted:
    if name not in found:
      hint = ""
      if name.endswith(("lm_head.weight", "embed_out.weight")):
        hint = "; config.json says that it is not tied to the embedding"
      raise InputError(f"{where}: found no tensor {name}{hint}")
  try:
    used(found, wanted, c)
  except InputError as error:
    raise InputError(f"{where}: {error}") from error


def put(
  params: dict[str, np.ndarray],
  one: names.One,
  whole: np.ndarray,
  c: Transformer,
  *,
  where: str,
  dtype: Dtype,
) -> None:
  """Copies a tensor of a file to where it belongs among the parameters.

  Args:
    params: path -> array, made where they are not there yet.
    one: what the tensor is.
    whole: its numbers.
    c: the architecture.
    where: for messages.
    dtype: of arrays that are made.

  Raises:
    InputError: another shape than expected.
  """
  parts = None
  try:
    parts = one.tensor.split(whole)
  except ValueError:
    pass  # the message below says more
  for i, path in enumerate(one.tensor.paths):
    if path not in params:
      params[path] = np.zeros(c.shapes[path], jnp.dtype(dtype))
    into = one.of(params[path])
    if path in PADDED:
      into = into[: c.vocab_size]  # the others pad it
    if parts is None or parts[i].shape != into.shape:
      raise InputError(
        f"{where}: found shape {whole.shape}, expected {_shape(one, c)} as"
        " config.json describes the model"
      )
    into[...] = parts[i]


def _shape(one: names.One, c: Transformer) -> tuple[int, ...]:
  """Of a tensor as a file holds it."""
  parts = []
  for path in one.tensor.paths:
    part = one.of(np.broadcast_to(np.float32(0), c.shapes[path]))
    parts.append(part[: c.vocab_size] if path in PADDED else part)
  return one.tensor.join(parts).shape


def nested(params: Mapping[str, np.ndarray]) -> Params:
  """Arrays by path as a tree.

  Args:
    params: "layers/q/kernel" -> array.
  """
  out: Params = {}
  for path, array in params.items():
    *folders, name = path.split("/")
    inner = out
    for folder in folders:
      inner = inner.setdefault(folder, {})
    inner[name] = array
  return out
