"""A page opened in a browser."""


class Visit:
  """A page opened, and what it asked for and complained about."""

  def __init__(self, browser, file, **options):
    self.page = browser.new_page(**options)
    self.requests, self.complaints = [], []
    self.page.on("request", lambda r: self.requests.append(r.url))
    self.page.on("pageerror", lambda e: self.complaints.append(str(e)))
    self.page.on("console", lambda m: self.complaints.append(m.text))
    self.page.goto(file.as_uri())

  def fill(self, **fields):
    for name, value in fields.items():
      field = self.page.locator(f"#whatif-form [name={name}]")
      if name in ("domain", "unit"):
        field.select_option(value)
      else:
        field.fill(str(value))

  def text(self, selector: str) -> str:
    return self.page.locator(selector).text_content()
