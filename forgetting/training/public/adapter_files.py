"""Adapters of LoRA as PEFT's two files, out and in.

A module of the checkpoint has one A; B of a fused one is joined from, or taken
apart into, those of our matrices.
"""

from collections.abc import Iterator, Mapping
import dataclasses
import json
import pathlib

from flax.traverse_util import flatten_dict, unflatten_dict
import numpy as np

from forgetting import config
from forgetting.config import InputError
from forgetting.config.errors import readable, shown
from forgetting.config.transformer import Transformer
from forgetting.storage import safetensors
from forgetting.storage.safetensors import Written
from forgetting.training.methods.lora import LoRA
from forgetting.training.models import adapters
from forgetting.training.models.family import Params
from forgetting.training.public import names
from forgetting.training.public.names import Module

CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
# without it PEFT loads the file, warns once and leaves every B at zero
BEFORE = "base_model.model."
PARTS = ("lora_A", "lora_B")
# keys that are read, or that say nothing about what the adapter computes
KNOWN = {
  "alora_invocation_tokens", "arrow_config", "auto_mapping",
  "base_model_name_or_path", "bias", "ensure_weight_tying", "fan_in_fan_out",
  "inference_mode", "init_lora_weights", "lora_alpha", "lora_dropout",
  "megatron_core", "peft_type", "peft_version", "qalora_group_size", "r",
  "revision", "runtime_config", "target_modules", "task_type", "use_rslora",
}  # fmt: skip
NEUTRAL: tuple[object, ...] = (None, False, {}, [], "none")


def write(
  method: LoRA, trained: Params, folder: pathlib.Path, *, base_name: str
) -> None:
  """Writes adapter_config.json and adapter_model.safetensors.

  Args:
    method: of a public model.
    trained: its adapters.
    folder: that they go to.
    base_name: of the model that they stand beside, as PEFT would load it.

  Raises:
    InputError: the model is none whose modules have names elsewhere.
  """
  c = _public(method)
  factors = method.factors(trained)
  tensors: dict[str, np.ndarray] = {}
  targets, linear = [], True
  for module, paths in _adapted(c, {*factors}):
    targets.append(module.name.rpartition("{i}.")[2])
    linear = module.linear
    for layer in range(c.layers):
      a, b = _of_layer(module, paths, factors, layer)
      for part, x in zip(PARTS, (a, b), strict=True):
        tensors[_name(c, module, layer, part)] = x
  told = dict(
    peft_type="LORA",
    task_type="CAUSAL_LM",
    base_model_name_or_path=base_name,
    r=method.config.rank,
    # s alone counts: some servers do not look at use_rslora
    lora_alpha=method.config.scale * method.config.rank,
    use_rslora=False,
    lora_dropout=0.0,
    target_modules=targets,
    bias="none",
    fan_in_fan_out=not linear,
    inference_mode=True,
  )
  (folder / CONFIG).write_text(json.dumps(told, indent=2) + "\n")
  safetensors.write(
    folder / WEIGHTS,
    {name: Written("F32", x.shape) for name, x in tensors.items()},
    tensors.values(),
  )


def read(
  folder: pathlib.Path, model: config.Model
) -> tuple[config.LoRA, Params]:
  """Reads both files.

  Args:
    folder: that they are in.
    model: a public one, which the adapter is of.

  Returns:
    the method that has such adapters, and the adapters.

  Raises:
    InputError: no such files, or something in them that is not understood.
  """
  told, file = _config(folder), folder / WEIGHTS
  c = model.architecture
  if not isinstance(c, Transformer):
    raise InputError(f"{folder}: found an adapter, expected a public model's")
  places = safetensors.places(file)
  out: dict[str, np.ndarray] = {}
  found: list[str] = []
  for module in _of_layers(c):
    paths = [f"{path}/kernel" for path in module.paths]
    first = _name(c, module, 0, PARTS[0])
    if first not in places:
      continue
    layers = []
    for layer in range(c.layers):
      one = [_name(c, module, layer, part) for part in PARTS]
      for name in one:
        if name not in places:
          raise InputError(
            f"{file}: found no {name}, expected it in all layers"
          )
      layers.append([places.pop(name).read() for name in one])
    a = np.stack([a.T for a, _ in layers])
    parts = [module.layout.split(b) for _, b in layers]
    out[paths[0] + adapters.A] = np.array(a, np.float32)
    for i, path in enumerate(paths):
      b = np.stack([of_layer[i].T for of_layer in parts])
      out[path + adapters.B] = np.array(b, np.float32)
    found += paths
  if places:
    raise InputError(
      f"{file}: found {next(iter(places))}, expected adapters of matrices of"
      " the model's layers alone"
    )
  if not found:
    raise InputError(f"{file}: found no adapter, expected one")
  method = _method(told, found, model, folder)
  trained = unflatten_dict(out, sep="/")
  _check(LoRA(method, model), trained, file)
  return method, trained


def _public(method: LoRA) -> Transformer:
  c = method.model.architecture
  if not isinstance(c, Transformer):
    raise InputError(
      "adapter files: found a model of our own, expected a public one, whose"
      " modules have names that PEFT knows"
    )
  return c


def _of_layers(c: Transformer) -> list[Module]:
  return [module for module in names.modules(c) if "{i}" in module.name]


def _adapted(
  c: Transformer, paths: set[str]
) -> Iterator[tuple[Module, list[str]]]:
  """Modules with an adapter, and the paths of all that each holds."""
  for path in sorted(paths):
    if not path.startswith("layers/"):
      raise InputError(
        f"adapter files: found an adapter of {path}, expected matrices of the"
        " layers alone"
      )
  for module in _of_layers(c):
    own = [f"{path}/kernel" for path in module.paths]
    if paths & {*own}:
      yield module, own


def _of_layer(
  module: Module, paths: list[str], factors: Mapping, layer: int
) -> tuple[np.ndarray, np.ndarray]:
  """A [r, in] and B [out, r]; of what is not adapted of it B is zero."""
  there = {path: factors[path] for path in paths if path in factors}
  a = np.asarray(next(iter(there.values()))[0])[layer].T
  rank = len(a)
  sizes = _sizes(module, {p: b.shape[-1] for p, (_, b) in there.items()}, paths)
  parts = [
    np.asarray(there[path][1])[layer].T
    if path in there
    else np.zeros((sizes[path], rank), np.float32)
    for path in paths
  ]
  whole = np.ascontiguousarray(module.layout.join(parts), np.float32)
  return np.ascontiguousarray(a, np.float32), whole


def _sizes(module: Module, known: dict, paths: list[str]) -> dict[str, int]:
  """Outputs of each part; those by head are of one size."""
  of_layout = getattr(module.layout, "sizes", None)
  if of_layout:
    return dict(zip(paths, of_layout, strict=True))
  return dict.fromkeys(paths, next(iter(known.values())))


def _name(c: Transformer, module: Module, layer: int, part: str) -> str:
  tensor = names.Tensor(module, "weight", ())
  name = tensor.name(names.prefixes(c)[0], layer, 0)
  return f"{BEFORE}{name.removesuffix('.weight')}.{part}.weight"


def _config(folder: pathlib.Path) -> dict:
  file = folder / CONFIG
  try:
    with readable(file):
      text = file.read_bytes()
  except FileNotFoundError as error:
    raise InputError(f"{file}: no such file, expected an adapter") from error
  try:
    told = json.loads(text)
  except ValueError as error:
    raise InputError(f"{file}: is no JSON") from error
  if not isinstance(told, dict):
    raise InputError(f"{file}: found {shown(told)}, expected an object")
  if told.get("peft_type") != "LORA":
    raise InputError(
      f"{file}: found peft_type {told.get('peft_type')!r}, expected 'LORA'"
    )
  for key, value in told.items():
    if key not in KNOWN and value not in NEUTRAL:
      raise InputError(
        f"{file}: found {key} = {value!r}, expected plain LoRA without it"
      )
  if told.get("bias", "none") != "none":
    raise InputError(f"{file}: found bias {told['bias']!r}, expected 'none'")
  return told


def _method(
  told: Mapping, found: list[str], model: config.Model, folder: pathlib.Path
) -> config.LoRA:
  try:
    plain = config.LoRA(
      rank=told["r"],
      alpha=told["lora_alpha"],
      rslora=told.get("use_rslora", False),
    )
  except KeyError as error:
    raise InputError(f"{folder / CONFIG}: found no {error.args[0]}") from error
  except InputError as error:
    raise InputError(f"{folder / CONFIG}: {error}") from error
  if {*found} == {*LoRA(plain, model).targets()}:
    return plain

  targets = tuple(path.removesuffix("/kernel") for path in sorted(found))
  return dataclasses.replace(plain, targets=targets)


def _check(method: LoRA, trained: Params, file: pathlib.Path) -> None:
  """Refuses factors of other shapes than the model's."""
  expected = flatten_dict(method.shapes()[0], sep="/")
  for path, x in flatten_dict(trained, sep="/").items():
    if path not in expected or x.shape != expected[path].shape:
      wanted = expected[path].shape if path in expected else "none"
      raise InputError(
        f"{file}: {path}: found shape {x.shape}, expected {wanted}; the adapter"
        " is of another model or rank"
      )
