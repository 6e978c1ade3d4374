// Runs a statement without leaving the page, so that it can be cancelled: the server
// stops it when nobody waits for the answer any more.
"use strict";

const form = document.getElementById("search");
const sql = document.getElementById("sql");
const run = document.getElementById("run");
const cancel = document.getElementById("cancel");
const said = document.getElementById("said");
let working = null; // stops what is under way

// load shows the result that an address answers with; what it says is text.
async function load(address, options) {
  working?.abort();
  const mine = working = new AbortController();
  try {
    const response = await fetch(address, { ...options, signal: mine.signal });
    const text = await response.text();
    if (!response.ok) throw new Error(text.trim() || response.statusText);
    const page = new DOMParser().parseFromString(text, "text/html");
    document.getElementById("result").replaceWith(page.getElementById("result"));
    said.textContent = page.getElementById("said").textContent;
    history.replaceState(null, "", response.url);
  } catch (error) {
    if (mine !== working) return; // another has begun
    said.textContent = mine.signal.aborted ? "Cancelled." : error instanceof TypeError ? "The program that serves this page does not answer." : error.message;
  } finally {
    if (mine === working) working = null;
  }
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (working) return;
  said.textContent = "It runs.";
  document.getElementById("result").replaceChildren();
  run.disabled = true;
  cancel.hidden = false;
  if (document.activeElement === run || document.activeElement === document.body) cancel.focus();
  await load("search", { method: "POST", body: new URLSearchParams(new FormData(form)) });
  const cancelling = document.activeElement === cancel;
  run.disabled = false;
  cancel.hidden = true;
  if (cancelling) run.focus();
});

cancel.addEventListener("click", () => working?.abort());

sql.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    form.requestSubmit();
  }
});

document.addEventListener("click", async (event) => {
  const turn = event.target.closest("#result a[rel]");
  if (turn) {
    event.preventDefault();
    const rel = turn.rel;
    await load(turn.href);
    (document.querySelector(`#result a[rel=${rel}]`) || document.querySelector("#result .rows"))?.focus({ preventScroll: true });
    return;
  }
  const name = event.target.closest(".name");
  if (!name) return;
  const before = sql.value.slice(0, sql.selectionStart);
  sql.setRangeText((/[\w"]$/.test(before) ? " " : "") + name.value, sql.selectionStart, sql.selectionEnd, "end");
  sql.focus();
});

document.getElementById("keys").hidden = false;
