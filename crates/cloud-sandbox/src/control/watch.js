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
  cell(row, "time", call.at.replace("T", " ").replace("Z", ""));
  cell(row, "operation", call.operation).dataset.fault = call.fault ?? "";
  cell(row, "method", call.method);
  cell(row, "target", call.target);
  cell(row, "status", call.status === 0 ? "reset" : call.status);
  row.dataset.text = row.textContent.toLowerCase();
  row.hidden = !fits(row);
  row.addEventListener("click", () => toggle(row, call));
  calls.prepend(row);
  while (calls.rows.length > most) calls.deleteRow(-1);
}

function toggle(row, call) {
  if (row.nextSibling?.className === "detail") {
    row.nextSibling.remove();
    return;
  }
  const detail = document.createElement("tr");
  detail.className = "detail";
  const inside = detail.insertCell();
  inside.colSpan = 6;
  const { headers, request, response } = call;
  const text = document.createElement("pre");
  text.textContent = JSON.stringify({ headers: Object.fromEntries(headers), request, response }, null, 2);
  inside.append(text);
  row.after(detail);
}

async function poll() {
  if (live.checked) {
    try {
      const answer = await fetch(`/_sandbox/log?after=${last}`);
      const heard = await answer.json();
      // A lower number than before means another sandbox: read it from its start.
      if (heard.last < last) last = 0;
      for (const call of heard.calls) {
        last = call.number;
        show(call);
      }
      note.textContent = `${last} calls`;
    } catch {
      note.textContent = "the sandbox does not answer";
    }
  }
  setTimeout(poll, 1000);
}

filter.addEventListener("input", () => {
  for (const row of calls.rows) if (row.dataset.text !== undefined) row.hidden = !fits(row);
});
poll();
