// A first visit: one thing to do after the other, done at a press, ticked off by what the app says.

import { remember } from "./composer.js";
import { fill, h, toast } from "./dom.js";
import { icon } from "./icons.js";
import { perform } from "./live.js";
import { state } from "./state.js";

const CLOSED = "guide-closed";
let at = 0;
let pressed = -1;

/** Begin anew: this may be another workspace. */
export function restartGuide() {
  at = 0;
  pressed = -1;
}

/** Whether there is a step to show in a channel. */
export function guides(channel) {
  return Boolean(state.front.guide.length && channel?.has_bot && !channel.is_im && !sessionStorage.getItem(CLOSED));
}

/** Draw the step that is due, at the place for it. */
export function drawGuide(page) {
  const place = document.getElementById("guide");
  if (!place) return;
  const steps = state.front.guide;
  const channel = state.channels.get(state.open);
  place.hidden = !guides(channel);
  if (place.hidden) return;
  advance(steps);
  const step = steps[at];
  place.dataset.step = at + 1;
  fill(place, h("div.guide-head", {},
    h("span.badge", {}, step ? `First visit · ${at + 1} of ${steps.length}` : "First visit · done"),
    h("span.dots", { "aria-hidden": "true" }, steps.map((_, number) => h("i", { class: number < at ? "done" : number === at ? "now" : "" }))),
    h("button.close", { type: "button", "aria-label": "Close the guide", title: "Close the guide", onclick: () => close(page) }, icon("close"))),
  step ? due(step, channel) : h("p", {}, state.front.farewell));
}

function due(step, channel) {
  const does = step.line || step.press;
  return h("div.guide-body", {},
    h("div", {}, h("h2", {}, step.title), h("p", {}, step.about), step.line && h("code", {}, step.line)),
    does && h("button.primary", { type: "button", class: pressed === at ? "busy" : "", onclick: () => act(step, channel) },
      step.press || "Type it for me"));
}

async function act(step, channel) {
  const mine = at;
  pressed = mine;
  const button = document.querySelector("#guide .primary");
  button.classList.add("busy");
  const done = step.line
    ? await perform("slash", { user: state.me, channel: channel.id, text: step.line })
    : await perform("panel", { label: step.press });
  if (step.line) remember(step.line);
  if (done.notice) toast(done.notice, step.line ? "warn" : "info");
  if (at === mine && (!step.line || !done.acked)) ready();
}

/** Let the step be pressed once more: nothing has come of it. */
function ready() {
  pressed = -1;
  document.querySelector("#guide .primary")?.classList.remove("busy");
}

/** Tick off every step that the app has answered, be it in a version of a message that was edited since. */
function advance(steps) {
  const said = [...state.messages.values()].flatMap((channel) => [...channel.values()])
    .filter((message) => message.user === state.bot)
    .flatMap((message) => [message.text, ...message.edits]);
  while (at < steps.length && said.some((text) => text.includes(steps[at].until))) at += 1;
}

function close(page) {
  sessionStorage.setItem(CLOSED, "yes");
  page.redraw();
}
