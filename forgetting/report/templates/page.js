"use strict";
// What is folded opens where a link goes to it; on paper all sections are open,
// long tables are not.
function unfold() {
  const target = location.hash && document.getElementById(
    decodeURIComponent(location.hash.slice(1)));
  if (!target) return;
  const inside = target.querySelector(":scope > details");
  if (inside) inside.open = true;
  for (let up = target; up; up = up.parentElement) {
    if (up.tagName === "DETAILS") up.open = true;
  }
  target.scrollIntoView();
}
addEventListener("hashchange", unfold);
addEventListener("beforeprint", () => {
  for (const part of document.querySelectorAll("section > details")) {
    part.open = true;
  }
});
unfold();

// A table that a click on a head sorts and a word filters.
for (const holder of document.querySelectorAll(".sortable")) {
  const body = holder.querySelector("tbody"), rows = [...body.rows];
  const value = (row, i) => {
    const cell = row.cells[i], given = cell.dataset.value;
    return given === undefined ? cell.textContent : Number(given);
  };
  const heads = [...holder.querySelectorAll("th")];
  heads.forEach((head, i) => {
    const button = document.createElement("button");
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      rows.sort((a, b) => {
        const [x, y] = [value(a, i), value(b, i)];
        if (Number.isNaN(x) || Number.isNaN(y)) {
          return Number.isNaN(x) - Number.isNaN(y);  // those without go last
        }
        return (x < y ? -1 : x > y ? 1 : 0) * (down ? -1 : 1);
      });
      body.append(...rows);
    });
  });
  const field = holder.querySelector("input");
  field.parentElement.hidden = false;
  field.addEventListener("input", () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const row of rows) {
      const text = `${row.textContent} ${row.dataset.run}`.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
    }
    const shown = rows.filter((row) => !row.hidden).length;
    holder.querySelector(".shown").textContent = `${shown} of ${rows.length}`;
  });
}
