"""Archives in memory, and what the catalogue reads from them."""

import io
import json
import zipfile

from forgetting.data.corpora import CATALOGUE


def archive(files):
  """A zip in memory; dicts and lists become JSON."""
  memory = io.BytesIO()
  with zipfile.ZipFile(memory, "w") as out:
    for name, content in files.items():
      if isinstance(content, dict | list):
        content = json.dumps(content)
      out.writestr(name, content)
  return zipfile.ZipFile(memory)


def extracted(name, files):
  """What the catalogue's entry reads from one archive."""
  entry = CATALOGUE[name]
  [pin] = entry.archives
  return list(entry.extract({pin.package: archive(files)}))
