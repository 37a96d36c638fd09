// The page shows what /events says, and nothing that it remembers itself: a second tab shows the same.
const $ = (selector) => document.querySelector(selector);
const names = new Map();
const cards = new Map();

const words = {
  waiting: "Waiting for the renderer", rendered: "Rendered", failed: "Failed", not_started: "Not started",
  missing: "No such project", refused: "Refused", timed_out: "Out of time", error: "Error",
};
const formats = {
  longest_delay: (seconds) => (seconds ? `${seconds.toFixed(1)} s` : "–"),
  pace: (perMinute) => `${Math.round(perMinute)} a minute`,
};

function card(id) {
  if (!cards.has(id)) {
    cards.set(id, $("#card").content.firstElementChild.cloneNode(true));
    cards.get(id).dataset.project = id;
  }
  return cards.get(id);
}

function show(render) {
  const id = String(render.project_id);
  if (render.kind === "removed") {
    card(id).remove();
    cards.delete(id);
  } else {
    fill(card(id), render, id);
  }
  for (const count of document.querySelectorAll("[data-count]")) {
    count.textContent = $(`[data-column=${count.dataset.count}]`).children.length;
  }
}

function fill(item, render, id) {
  const { state, outcome, progress } = render;
  if (render.name) names.set(id, render.name);
  const name = names.get(id) ?? id;
  const part = (selector) => item.querySelector(selector);
  part("h3").textContent = name;
  part("progress").hidden = state !== "rendering";
  part("progress").setAttribute("aria-label", `Progress of ${name}`);
  if (progress === null) part("progress").removeAttribute("value");
  else part("progress").value = progress;
  part(".status").textContent = outcome ? words[outcome.status]
    : state === "waiting" ? words.waiting : progress === null ? "Rendering" : `Rendering, ${Math.round(progress)} %`;
  part(".detail").textContent = !outcome ? ""
    : outcome.error ?? `Seen at most ${outcome.detection_delay.toFixed(1)} s after its end`;
  const video = outcome?.video_url ?? "";
  part("a").hidden = !/^https?:/.test(video);
  if (!part("a").hidden) part("a").href = video;
  item.dataset.ok = outcome ? outcome.status === "rendered" : "";
  if (item.dataset.state !== state) {
    item.dataset.state = state;
    $(`[data-column=${state}]`)[state === "finished" ? "prepend" : "append"](item);
    if (outcome && live) $("#news").textContent = `${name}: ${words[outcome.status]}`;
  }
}

// What the stream says first is the present; only what happens later is announced to screen readers.
let live = false;
const events = new EventSource("/events");
events.addEventListener("open", () => {
  live = false;
  cards.forEach((item) => item.remove());
  cards.clear();
  setTimeout(() => { live = true; }, 1000);
  $("#connection").textContent = "Live";
});
events.addEventListener("error", () => { $("#connection").textContent = "Not connected; trying again …"; });
events.addEventListener("render", (event) => show(JSON.parse(event.data)));
events.addEventListener("numbers", (event) => {
  const numbers = JSON.parse(event.data);
  for (const place of document.querySelectorAll("[data-number]")) {
    const value = numbers[place.dataset.number];
    place.textContent = formats[place.dataset.number]?.(value) ?? value;
  }
  $("#outage").hidden = !numbers.outage;
  $("#outage").textContent = numbers.outage ?? "";
});

$("#start").addEventListener("submit", async (event) => {
  event.preventDefault();
  const answer = $("#answer");
  answer.className = "";
  answer.textContent = "Starting …";
  try {
    const response = await fetch("/renders", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ project_id: $("#project").value }),
    });
    const body = await response.json();
    answer.textContent = response.ok ? "Started." : body.error;
    answer.className = response.ok ? "" : "wrong";
  } catch {
    answer.textContent = "The server did not respond. Look at the board before you try again: a render may have started.";
    answer.className = "wrong";
  }
});

async function listProjects() {
  const response = await fetch("/projects");
  const found = await response.json();
  if (!response.ok) throw new Error(found.error);
  for (const { id, name } of found) {
    names.set(id, name);
    $("#project").append(new Option(name ?? id, id));
    const title = cards.get(id)?.querySelector("h3");
    if (title) title.textContent = name ?? id;
  }
}
listProjects().catch((error) => { $("#answer").textContent = error.message; $("#answer").className = "wrong"; });
