"""No display is drawn while TensorFlow is imported."""

import builtins
import io
import sys
from unittest import mock

from etils import epath
import pytest
from rich.console import Console
from rich.progress import Progress
import synthetic

from forgetting.data import (
  store,
  tfds_source,
)

pytestmark = pytest.mark.usefixtures("own_cache")


@pytest.fixture(scope="module")
def source(tmp_path_factory):
  place = tmp_path_factory.mktemp("source") / "made up"
  return synthetic.folder(place, documents=120, seed=7)


@pytest.mark.parametrize("module", ["tasks", "tensorflow"])
def test_no_display_is_drawn_while_tensorflow_is_imported(module, monkeypatch):
  """etils replaces Python's import meanwhile: rich's thread would fall."""
  console = Console(file=io.StringIO(), force_terminal=True)
  drawn = []

  with Progress(console=console) as progress:
    monkeypatch.setattr(
      f"forgetting.data.{module}", mock.MagicMock(), raising=False
    )
    monkeypatch.setitem(
      sys.modules, f"forgetting.data.{module}", mock.MagicMock()
    )
    original = builtins.__import__

    def watched(name, *args, **kwargs):
      if name == "forgetting.data":
        drawn.append(progress.live.is_started)
      return original(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", watched)
    if module == "tasks":
      source = mock.MagicMock()
      store._chunks_of(source, (None, "train", None), None, 1, progress)
    else:
      source = tfds_source.TfdsSource("x", epath.Path("1.0.0"), "", "", "")
      monkeypatch.setattr(tfds_source.TfdsSource, "check", lambda _: None)
      source.texts(progress)
    assert drawn == [False] and progress.live.is_started
