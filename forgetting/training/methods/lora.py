"""LoRA: frozen matrices with trained adapters of low rank beside them."""

import zlib

from flax.traverse_util import flatten_dict, unflatten_dict
import jax
import jax.numpy as jnp
from jax.sharding import PartitionSpec as P
import numpy as np

from forgetting.config import InputError
from forgetting.training import models
from forgetting.training.methods.method import Method, Text
from forgetting.training.models import adapters
from forgetting.training.models.family import Kind, Params, Rules, kind_of


class LoRA(Method):
  """y = x W + s (x A) B with W frozen; A [in, r] and B [r, out] are float32.

  A matrix that is fused in the model's files, as queries, keys and values, has
  one A, whether the family keeps it as one or as several. Factors of all layers
  are stacked as the matrix is.
  """

  def check(self) -> None:
    """Refuses names of matrices that the model does not have."""
    self.targets()

  def targets(self) -> dict[str, Kind]:
    """Path of each adapted matrix -> what it is.

    Raises:
      InputError: the model has no matrix of a name that was asked for.
    """
    shapes = flatten_dict(models.shapes(self.model), sep="/")
    kinds = {path: kind_of(path, self.family.KINDS) for path in shapes}
    found = {p: kind for p, kind in kinds.items() if kind.part == "matrices"}
    if not self.config.targets:
      return {path: kind for path, kind in found.items() if kind.layered}
    chosen: dict[str, Kind] = {}
    for target in self.config.targets:
      named = {p: k for p, k in found.items() if _is_named(p, target)}
      if not named:
        names = ", ".join(
          sorted(path.removesuffix("/kernel") for path in found)
        )
        raise InputError(
          f"LoRA.targets: found {target!r}, expected matrices of the model:"
          f" {names}"
        )
      chosen |= named
    return chosen

  def trained(self, params: Params, *, seed: int = 0) -> Params:
    """A uniform within 1 / sqrt(in), B zero: at the start the model is base."""
    flat, out = flatten_dict(params, sep="/"), {}
    for path, kind in self.targets().items():
      shape_a, shape_b, inputs = self._factors(flat[path].shape, kind)
      out[path + adapters.B] = np.zeros(shape_b, np.float32)
      if self.reads(path) == path:
        draw = np.random.default_rng([seed, zlib.crc32(path.encode())])
        bound = inputs**-0.5
        a = draw.uniform(-bound, bound, shape_a).astype(np.float32)
        out[path + adapters.A] = a
    return unflatten_dict(out, sep="/")

  def reads(self, path: str) -> str:
    """The matrix whose A an adapted matrix has: its own but where fused."""
    for group in self.family.fused(self.model.architecture):
      if path in group:
        return next(member for member in group if member in self.targets())
    return path

  def _factors(self, shape, kind: Kind):
    """Shapes of A and of B, and channels that the matrix reads."""
    first = int(kind.layered)
    last = first + kind.inputs
    stack, read, written = shape[:first], shape[first:last], shape[last:]
    rank = self.config.rank
    return (*stack, *read, rank), (*stack, rank, *written), int(np.prod(read))

  def frozen(self, params: Params, *, text: Text | None = None) -> Params:
    """All parameters of the base, in the numbers that the config asks for."""
    del text
    if self.config.base == "float32":
      return params
    return jax.tree.map(lambda x: x.astype(jnp.bfloat16), params)

  def merge(self, trained: Params, frozen: Params) -> Params:
    """Adapters beside their matrices; a family without them is given sums."""
    if not self.family.ADAPTS:
      return self.merged(trained, frozen)
    out = flatten_dict(frozen, sep="/")
    for path, (a, b) in self.factors(trained).items():
      out[path + adapters.A] = a
      out[path + adapters.B] = b * self.config.scale
    return unflatten_dict(out, sep="/")

  def factors(self, trained: Params) -> dict:
    """Path of each adapted matrix -> its A and its B."""
    flat = flatten_dict(trained, sep="/")
    return {
      path: (flat[self.reads(path) + adapters.A], flat[path + adapters.B])
      for path in self.targets()
    }

  def merged(self, trained: Params, frozen: Params) -> Params:
    """Adds the products to the matrices, in float32."""
    flat = flatten_dict(frozen, sep="/")
    out = {path: jnp.asarray(x, jnp.float32) for path, x in flat.items()}
    kinds, rank = self.targets(), self.config.rank
    for path, (a, b) in self.factors(trained).items():
      stack = out[path].shape[: int(kinds[path].layered)]
      product = jnp.matmul(
        a.reshape(*stack, -1, rank),
        b.reshape(*stack, rank, -1),
        precision="highest",
      )
      out[path] += self.config.scale * product.reshape(out[path].shape)
    return unflatten_dict(out, sep="/")

  def kind_of(self, path: str) -> Kind:
    """Both factors are matrices; B reads the rank."""
    kind = super().kind_of(
      path.removesuffix(adapters.A).removesuffix(adapters.B)
    )
    return kind._replace(inputs=1) if path.endswith(adapters.B) else kind

  @property
  def rules(self) -> Rules:
    """Adapters are small: every device has them whole."""
    factors = (adapters.A, adapters.B)
    return (*((f"{end}$", P()) for end in factors), *self.family.RULES)

  def is_decayed(self, path: str) -> bool:
    """None is: it would act on the factors, not on what they make."""
    del path
    return False


def _is_named(path: str, target: str) -> bool:
  """Whether a target is the end of a path: "up" of "layers/up/kernel"."""
  return any(
    f"/{end}".endswith(f"/{target}")
    for end in (path, path.removesuffix("/kernel"))
  )
