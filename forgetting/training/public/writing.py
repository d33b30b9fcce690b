"""Parameters of our decoder as the weights of a public checkpoint.

Every tensor is written under the name, in the type and in the file that it has
in the source; what the decoder does not use is copied.
"""

from collections.abc import Iterator, Mapping
import pathlib
import shutil

import jax
import numpy as np

from forgetting.config.transformer import Transformer
from forgetting.storage import safetensors
from forgetting.storage.safetensors import Place, Written
from forgetting.training.models.family import Params, name_of
from forgetting.training.public import names, reading


def as_source(
  params: Params, c: Transformer, *, source: pathlib.Path, out: pathlib.Path
) -> None:
  """Writes weights into files like those that they came from.

  Args:
    params: as the decoder has them.
    c: its architecture.
    source: folder of the checkpoint.
    out: folder that is written to.

  Raises:
    InputError: the source is not of this architecture.
  """
  found = reading.places_in(source)
  wanted = names.by_name(c, reading.prefix_of(found, c, where=source), found)
  by_path = flat(params)
  files: dict[pathlib.Path, dict[str, Place]] = {}
  for name, place in found.items():
    if name in wanted or not _is_tied_head(name, c):
      files.setdefault(place.file, {})[name] = place
  for file, inside in files.items():
    safetensors.write(
      out / file.name,
      {name: Written(p.type, p.shape) for name, p in inside.items()},
      _arrays(inside, wanted, by_path, c),
    )
  if (source / reading.INDEX).exists():
    shutil.copyfile(source / reading.INDEX, out / reading.INDEX)


def _is_tied_head(name: str, c: Transformer) -> bool:
  """vLLM refuses files that have one."""
  return c.tied and name.endswith(("lm_head.weight", "embed_out.weight"))


def _arrays(
  inside: Mapping[str, Place],
  wanted: Mapping[str, names.One],
  by_path: Mapping[str, np.ndarray],
  c: Transformer,
) -> Iterator[np.ndarray]:
  for name, place in inside.items():
    if name in wanted:
      yield tensor_of(wanted[name], by_path, c)
    else:
      yield place.raw()


def tensor_of(
  one: names.One, by_path: Mapping[str, np.ndarray], c: Transformer
) -> np.ndarray:
  """A tensor as a file holds it.

  Args:
    one: which.
    by_path: path -> parameter of all layers.
    c: the architecture.
  """
  parts = [one.of(by_path[path]) for path in one.tensor.paths]
  if one.tensor.paths[0] in reading.PADDED:
    parts = [part[: c.vocab_size] for part in parts]
  return one.tensor.join([np.asarray(part, np.float32) for part in parts])


def anew(
  params: Params, c: Transformer, *, out: pathlib.Path, type: str = "F32"
) -> None:
  """Writes weights that come from no file, as model.safetensors.

  Args:
    params: as the decoder has them.
    c: its architecture.
    out: folder that is written to.
    type: of the numbers, as safetensors calls it.
  """
  by_path = flat(params)
  wanted = names.by_name(c, names.prefixes(c)[0])

  def array(name: str) -> np.ndarray:
    return tensor_of(wanted[name], by_path, c)

  shapes = {name: Written(type, array(name).shape) for name in wanted}
  safetensors.write(out / reading.SINGLE, shapes, map(array, wanted))


def flat(params: Params) -> dict[str, np.ndarray]:
  """Path -> array, on the host.

  Args:
    params: a tree of arrays.
  """
  leaves, _ = jax.tree_util.tree_flatten_with_path(params)
  return {name_of(path): np.asarray(leaf) for path, leaf in leaves}
