"""The script of a page with many projects: it filters and sorts the overview. Without it, the page is complete."""

from __future__ import annotations

from typing import Final

__all__ = ["MANY", "SCRIPT"]

MANY: Final = 10
"""A page with so many projects has the script."""

SCRIPT: Final = """
(() => {
  const table = document.querySelector(".overview");
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];
  const rows = [...body.rows];
  const box = document.createElement("input");
  const said = document.createElement("output");
  const bar = document.createElement("p");
  box.type = "search";
  box.placeholder = "Filter by name or state";
  box.setAttribute("aria-label", box.placeholder);
  bar.className = "filter";
  bar.append(box, said);
  table.parentElement.before(bar);
  box.addEventListener("input", () => {
    const wanted = box.value.trim().toLowerCase();
    for (const row of rows) {
      row.hidden = ![...row.cells].slice(0, 3).some((cell) => cell.textContent.toLowerCase().includes(wanted));
      document.getElementById(row.querySelector("a").hash.slice(1)).hidden = row.hidden;
    }
    said.textContent = wanted ? `${rows.filter((row) => !row.hidden).length} of ${rows.length}` : "";
  });
  heads.forEach((head, index) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    const key = (row) => row.cells[index].dataset.key ?? row.cells[index].textContent;
    button.addEventListener("click", () => {
      const turned = head.getAttribute("aria-sort") === "ascending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", turned ? "descending" : "ascending");
      rows.sort((one, other) => key(one).localeCompare(key(other), undefined, { numeric: true }) * (turned ? -1 : 1));
      body.append(...rows);
    });
  });
})();
"""
