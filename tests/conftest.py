"""What several test files share: a cache of their own, and a small study."""

import os
import pathlib

import blas  # noqa: F401  first: it says how NumPy is to be read in
import bucket as bucket_lib
from made_once import made_once
import pytest
from small import options_in, small_finetuning
import synthetic

from forgetting.config import Run

# Many tests build one small program anew, and compiling takes most of their
# time: what is compiled is kept, for every later run of them (read when JAX is
# imported, after this). A study's own workers have the study's cache.
COMPILED = pathlib.Path(__file__).parents[1] / ".pytest_cache" / "compiled"
COMPILED.mkdir(parents=True, exist_ok=True)
for name, value in (
  ("COMPILATION_CACHE_DIR", str(COMPILED)),
  ("PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0"),
  ("PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "-1"),
):
  os.environ.setdefault(f"JAX_{name}", value)


def pytest_configure(config: pytest.Config) -> None:
  """The default suite compiles without LLVM's optimisations, in 0.6 the time.

  XLA's own passes are those of a user; the slow tests compile as users do.
  """
  if config.option.markexpr in config.getini("addopts"):
    os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0")


@pytest.fixture(scope="session")
def text(tmp_path_factory) -> dict[str, str]:
  """Sources of made-up text: two to pretrain on, two target domains."""
  sizes = {"news": 240, "letters": 160, "law": 120, "poems": 120}

  def write(folder: pathlib.Path) -> None:
    for seed, (name, size) in enumerate(sizes.items()):
      synthetic.folder(folder / name, documents=size, seed=seed)

  folder = made_once(tmp_path_factory, "text", write)
  return {name: str(folder / name) for name in sizes}


@pytest.fixture(scope="session")
def prepared_cache(tmp_path_factory, text) -> pathlib.Path:
  """A FORGETTING_CACHE in which that text is prepared at context 32."""
  from forgetting.data import store

  def prepare(folder: pathlib.Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
      patch.setenv("FORGETTING_CACHE", str(folder))
      for source in text.values():
        store.prepare(source, context=32)

  return made_once(tmp_path_factory, "cache", prepare)


@pytest.fixture(scope="module")
def own_cache(tmp_path_factory) -> None:
  """A FORGETTING_CACHE of a test file's own."""
  with pytest.MonkeyPatch.context() as patch:
    patch.setenv("FORGETTING_CACHE", str(tmp_path_factory.mktemp("cache")))
    yield


@pytest.fixture
def cache(prepared_cache, monkeypatch) -> pathlib.Path:
  monkeypatch.setenv("FORGETTING_CACHE", str(prepared_cache))
  return prepared_cache


@pytest.fixture
def finetuning(text) -> Run:
  return small_finetuning(text)


@pytest.fixture(scope="session")
def _parent_done(prepared_cache, text, tmp_path_factory) -> pathlib.Path:
  from forgetting.runs.run import do_run

  run = small_finetuning(text)

  def train(folder: pathlib.Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
      patch.setenv("FORGETTING_CACHE", str(prepared_cache))
      do_run(run.parent, options_in(folder))

  root = made_once(tmp_path_factory, "parent", train)
  return options_in(root).study.of(run.parent).path


@pytest.fixture
def with_parent(_parent_done, cache, tmp_path) -> pathlib.Path:
  """A root of a test's own, whose study `toy` has the small parent done."""
  (tmp_path / "toy").mkdir()
  (tmp_path / "toy" / _parent_done.name).symlink_to(_parent_done)
  return tmp_path


@pytest.fixture(scope="session")
def _bucket_server():
  program = bucket_lib.server()
  if program is None:
    pytest.skip("needs gcsfs and fake-gcs-server: pip install '.[dev,gcs]'")
  with bucket_lib.served(program) as environment:
    yield environment


@pytest.fixture
def bucket(_bucket_server, request, monkeypatch) -> str:
  """A folder of a test's own in a bucket, gs://..., for children too."""
  for name, value in _bucket_server.items():
    monkeypatch.setenv(name, value)
  return f"gs://{bucket_lib.NAME}/{request.node.name.partition('[')[0]}"
