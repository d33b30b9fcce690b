"""One cluster for all tests of this folder."""

import os
import pathlib
import tempfile

import pytest
import virtual_cluster


@pytest.fixture(scope="session")
def cluster():
  with tempfile.TemporaryDirectory(
    prefix="slurm-", ignore_cleanup_errors=True
  ) as folder:
    try:
      with virtual_cluster.running(pathlib.Path(folder) / "cluster") as out:
        with pytest.MonkeyPatch.context() as patch:
          for name, value in out.environment.items():
            patch.setenv(name, value)
          yield out
    except virtual_cluster.Unavailable as why:
      if os.environ.get("FORGETTING_REQUIRE_SLURM"):
        pytest.fail(f"FORGETTING_REQUIRE_SLURM is set, but {why}")
      pytest.skip(str(why))
