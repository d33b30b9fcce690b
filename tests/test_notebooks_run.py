"""Every notebook from its first cell to its last, in an empty folder.

They run on the example study and, the last one, train a study of their own,
whose text is fetched at first use.
"""

import os
import pathlib

import nbclient
import nbformat
import pytest

ROOT = pathlib.Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "colabs").glob("*.ipynb"))
SECONDS = (
  600  # a cell; a notebook takes three minutes at most on two idle cores
)


@pytest.mark.notebooks
@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.stem)
def test_a_notebook_runs(file, tmp_path, monkeypatch):
  there = os.environ.get("PYTHONPATH")
  path = f"{ROOT}{os.pathsep}{there}" if there else str(ROOT)
  monkeypatch.setenv("PYTHONPATH", path)
  notebook = nbformat.read(file, as_version=4)
  nbclient.NotebookClient(
    notebook,
    timeout=SECONDS,
    kernel_name="python3",
    resources={"metadata": {"path": str(tmp_path)}},
  ).execute()
  outputs = [o for cell in notebook.cells for o in cell.get("outputs", ())]
  assert any("image/png" in output.get("data", ()) for output in outputs)
  assert not [o for o in outputs if o.output_type == "error"]
  _no_warning(outputs)


def _no_warning(outputs) -> None:
  told = "".join(o.text for o in outputs if o.get("name") == "stderr")
  assert "Warning" not in told, told
