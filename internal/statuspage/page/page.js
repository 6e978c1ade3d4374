// Brings the page up to date every two seconds, while somebody looks.
"use strict";

const every = 2000; // ms
const patience = 10000;

// find is the element of a new page that is the same as one of the old: by its
// address or its label.
function find(old) {
  if (!old || old === document.body) return null;
  const mark = old.getAttribute("href") || old.getAttribute("name");
  if (mark) return document.querySelector(`${old.tagName}[href="${CSS.escape(mark)}"], ${old.tagName}[name="${CSS.escape(mark)}"]`);
  return [...document.querySelectorAll(old.tagName)].find((e) => e.textContent === old.textContent);
}

async function update() {
  const response = await fetch(location.href.split("#")[0], { cache: "no-store", signal: AbortSignal.timeout(patience) });
  if (!response.ok) throw new Error(response.statusText);
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const live = document.getElementById("live");
  const focused = live.contains(document.activeElement) ? document.activeElement : null;
  const scrolled = [...live.querySelectorAll(".wide")].map((e) => e.scrollLeft);
  for (const id of ["live", "stamp"]) document.getElementById(id).replaceWith(page.getElementById(id));
  document.querySelectorAll("#live .wide").forEach((e, i) => { e.scrollLeft = scrolled[i] || 0; });
  document.title = page.title;
  find(focused)?.focus({ preventScroll: true });
  copies();
}

// selecting says whether somebody marks text to copy it, which an update would undo.
const selecting = () => !getSelection().isCollapsed && document.getElementById("live").contains(getSelection().anchorNode);

async function turn() {
  if (!document.hidden && !selecting()) {
    try {
      await update();
    } catch {
      document.querySelector(".lost").hidden = false;
    }
  }
  setTimeout(turn, every);
}

// copies shows the buttons that copy a command.
function copies() {
  for (const button of document.querySelectorAll(".copy")) button.hidden = false;
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest(".copy");
  if (!button) return;
  const code = button.parentElement.querySelector("code");
  try {
    await navigator.clipboard.writeText(code.textContent);
    button.firstChild.data = "Copied";
  } catch { // where it may not be written: mark it, to be copied by hand
    getSelection().selectAllChildren(code);
  }
});

// In the map the arrows go from cell to cell.
document.addEventListener("keydown", (event) => {
  const cell = event.target.closest(".map a");
  if (!cell || !["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"].includes(event.key)) return;
  const row = cell.closest("tr");
  const cells = [...row.querySelectorAll("a")];
  let to;
  if (event.key === "ArrowLeft") to = cells[cells.indexOf(cell) - 1];
  else if (event.key === "ArrowRight") to = cells[cells.indexOf(cell) + 1];
  else {
    const other = event.key === "ArrowUp" ? row.previousElementSibling : row.nextElementSibling;
    const list = other ? [...other.querySelectorAll("a")] : [];
    to = list[Math.min(cells.indexOf(cell), list.length - 1)];
  }
  if (to) to.focus();
  event.preventDefault();
});

copies();
setTimeout(turn, every);
