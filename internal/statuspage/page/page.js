// Brings the figures up to date every two seconds, while somebody looks.
"use strict";

const every = 2000; // ms
const patience = 10000;

async function update() {
  const response = await fetch(location.pathname, { cache: "no-store", signal: AbortSignal.timeout(patience) });
  if (!response.ok) throw new Error(response.statusText);
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  for (const id of ["live", "stamp"]) document.getElementById(id).replaceWith(page.getElementById(id));
  document.title = page.title;
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

setTimeout(turn, every);
