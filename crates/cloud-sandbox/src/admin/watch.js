// Lists calls as they come. All text goes in as text, never as markup.
"use strict";
const [calls, note, live, filter] = ["calls", "note", "live", "filter"].map((id) => document.getElementById(id));
const most = 500;
let last = 0;

function cell(row, name, text) {
  const made = row.insertCell();
  made.className = name;
  made.textContent = text;
  return made;
}

function fits(row) {
  return row.dataset.text.includes(filter.value.toLowerCase());
}

function show(call) {
  const row = document.createElement("tr");
  row.className = "call" + (call.status === 0 || call.status >= 400 ? " bad" : "") + (call.fault ? " fault" : "");
  cell(row, "number", call.number);
  cell(row, "time", call.at.slice(11, 23).replace("Z", "")).title = call.at;
  cell(row, "operation", call.operation).dataset.fault = call.fault ?? "";
  cell(row, "method", call.method);
  const target = cell(row, "target", call.target);
  target.dataset.method = call.method;
  if (call.note) {
    const note = document.createElement("div");
    note.className = "note";
    note.textContent = call.note;
    target.append(note);
  }
  cell(row, "status", call.status === 0 ? "reset" : call.status);
  row.dataset.text = row.textContent.toLowerCase();
  row.hidden = !fits(row);
  row.tabIndex = 0;
  row.addEventListener("click", () => toggle(row, call));
  row.addEventListener("keydown", (event) => {
    if (event.key === "Enter") toggle(row, call);
  });
  calls.prepend(row);
  while (calls.rows.length > most) calls.deleteRow(-1);
}

// Signs that are not seen, or that turn the text around them, are shown as escapes.
function visible(text) {
  const escape = (sign) => "\\u" + sign.charCodeAt(0).toString(16).padStart(4, "0");
  return text.replace(/[\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g, escape);
}

function detailOf(row) {
  return row.nextSibling?.className === "detail" ? row.nextSibling : null;
}

function toggle(row, call) {
  if (detailOf(row)) {
    detailOf(row).remove();
    return;
  }
  const detail = document.createElement("tr");
  detail.className = "detail";
  const inside = detail.insertCell();
  inside.colSpan = 6;
  const { headers, request, response } = call;
  const text = document.createElement("pre");
  text.textContent = visible(JSON.stringify({ headers: Object.fromEntries(headers), request, response }, null, 2));
  inside.append(text);
  row.after(detail);
}

async function poll() {
  if (live.checked) {
    try {
      const answer = await fetch(`/_sandbox/log?after=${last}`);
      const heard = await answer.json();
      // A lower number than before means another sandbox: read it from its start.
      if (heard.last < last) {
        last = 0;
        calls.replaceChildren();
      }
      for (const call of heard.calls) {
        last = call.number;
        show(call);
      }
      note.textContent = last === 0 ? "no calls yet" : `${last} ${last === 1 ? "call" : "calls"}`;
    } catch {
      note.textContent = "the sandbox does not answer";
    }
  }
  setTimeout(poll, 1000);
}

filter.addEventListener("input", () => {
  for (const row of calls.querySelectorAll("tr.call")) {
    row.hidden = !fits(row);
    if (row.hidden) detailOf(row)?.remove();
  }
});
poll();
