"""The models of `public_models` as folders, and what ours computes of them."""

import functools
import json
import pathlib

import jax
import numpy as np
import public_models

from forgetting.config.config_json import read
from forgetting.config.transformer import PublicModel, Transformer
from forgetting.storage import safetensors
from forgetting.storage.safetensors import Written
from forgetting.training import losses, models
from forgetting.training.public import names, writing

PARITY = 1e-5  # in logits of float32 that reach 4, beside transformers
# compiles in a third of the time; what it gives is run once
QUICK = {
  "xla_backend_optimization_level": 0,
  "xla_llvm_disable_expensive_passes": True,
}


def architecture(case: str) -> Transformer:
  """As its config.json describes it."""
  return read(public_models.config_text(case), where=case)


def model_of(c: Transformer, **more) -> PublicModel:
  return PublicModel.of(c, context=public_models.LENGTH, **more)


def write_checkpoint(folder: pathlib.Path, case: str, *, shards: int = 1):
  """A folder with config.json and weights by the rule."""
  folder.mkdir(parents=True)
  (folder / "config.json").write_text(public_models.config_text(case))
  c = architecture(case)
  empty = writing.flat(models.init(model_of(c), seed=0))
  wanted = names.by_name(c, names.prefixes(c)[0])
  of_type = public_models.SOURCE_TYPES.get(case.partition("-")[0], "F32")
  shapes = {
    name: Written(of_type, writing.tensor_of(one, empty, c).shape)
    for name, one in wanted.items()
  }
  inside = np.array_split([*shapes], shards)
  files = [f"model-{i}.safetensors" for i in range(shards)]
  if shards == 1:
    files = ["model.safetensors"]
  for file, some in zip(files, inside, strict=True):
    safetensors.write(
      folder / file,
      {str(name): shapes[name] for name in some},
      (public_models.weight(name, shapes[name].shape) for name in some),
    )
  if shards > 1:
    where = zip(inside, files, strict=True)
    told = {str(name): file for some, file in where for name in some}
    index = folder / "model.safetensors.index.json"
    index.write_text(json.dumps(dict(metadata={}, weight_map=told)))
  return folder


def logits(params, c: Transformer, **more) -> np.ndarray:
  """[LENGTH, vocabulary] of the tokens that all models are given."""
  tokens = public_models.tokens()[:, :-1].astype(np.int32)
  model = model_of(c, **more)
  apply = jax.jit(functools.partial(losses.apply, model=model))
  compiled = apply.lower(params, tokens).compile(compiler_options=QUICK)
  return np.asarray(compiled(params, tokens)[0])


def apart(found: np.ndarray, expected: np.ndarray) -> float:
  """The largest difference of logits, in units of what is allowed."""
  allowed = PARITY * max(1.0, np.abs(expected).max() / 4)
  return float(np.abs(found - expected).max() / allowed)


def gradients(params, c: Transformer, **more) -> dict[str, np.ndarray]:
  """Name of a tensor -> gradient of the mean loss."""
  tokens = public_models.tokens().astype(np.int32)
  batch = dict(
    tokens_BxL=tokens[:, :-1],
    targets_BxL=tokens[:, 1:],
    weights_BxL=np.full_like(tokens[:, 1:], 1, np.float32) / tokens[:, 1:].size,
  )
  model = model_of(c, **more)
  loss = functools.partial(losses.weighted_sum, model=model)
  lowered = jax.jit(jax.grad(loss)).lower(params, batch)
  found = lowered.compile(compiler_options=QUICK)(params, batch)
  found = writing.flat(found)
  wanted = names.by_name(c, names.prefixes(c)[0])
  return {name: writing.tensor_of(w, found, c) for name, w in wanted.items()}
