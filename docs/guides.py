"""Makes pages of what lies elsewhere: the launch guide, and the notebooks."""

import json
import pathlib
import re

from mkdocs.structure.files import File

ROOT = pathlib.Path(__file__).parents[1]
COLAB = "https://colab.research.google.com/github/{}/blob/main/colabs/{}"
LINK = re.compile(r"\[([^\]]+)\]\((?!https?:|#)([^)]+)\)")


def on_files(files, config):
  """Adds them to the documentation's files."""
  pages = {"launch.md": (ROOT / "launch" / "README.md").read_text()}
  for notebook in sorted((ROOT / "colabs").glob("*.ipynb")):
    pages[f"notebooks/{notebook.stem}.md"] = as_markdown(
      notebook, github=config["extra"].get("github", "")
    )
  for name, text in pages.items():
    files.append(File.generated(config, name, content=without_files(text)))
  return files


def on_page_markdown(markdown, **_):
  """Leads links to the launch guide to its page."""
  return markdown.replace("](../launch/README.md)", "](launch.md)")


def as_markdown(notebook: pathlib.Path, *, github: str) -> str:
  """A notebook's text and code; what it prints is not kept in it.

  Args:
    notebook: its file.
    github: owner/name of the repository that Colab can open it from; empty:
      there is none, and no link.
  """
  opened = f"open `colabs/{notebook.name}` to run it"
  if github:
    opened += f", or [open it in Colab]({COLAB.format(github, notebook.name)})"
  parts = [f"*A notebook: {opened}.*"]
  for cell in json.loads(notebook.read_text())["cells"]:
    text = "".join(cell["source"])
    parts.append(
      text if cell["cell_type"] == "markdown" else f"```python\n{text}\n```"
    )
  # its title first: a page is named after it
  title = parts.pop(1)
  return "\n\n".join([title, *parts]) + "\n"


def without_files(text: str) -> str:
  """Names of files beside the text, which no page can follow, as code."""
  return LINK.sub(lambda found: f"`{found[1].strip('`')}`", text)
