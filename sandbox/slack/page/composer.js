// Where a person types: commands with history by arrow up, and messages.

import { fill, h } from "./dom.js";
import { icon } from "./icons.js";
import { state } from "./state.js";

const REMEMBERED = 50;

function history() {
  return JSON.parse(localStorage.getItem("typed") ?? "[]");
}

/** Keep a line, to be had again by arrow up. */
export function remember(line) {
  const lines = history().filter((earlier) => earlier !== line);
  localStorage.setItem("typed", JSON.stringify([...lines, line].slice(-REMEMBERED)));
}

/**
 * A composer. `send(line)` does it and gives whether the line should come back; `commands` are offered after a slash;
 * `hints` fill it. What is typed is kept as the draft of `place`.
 */
export function composer({ place, placeholder, send, commands = [], hints = [] }) {
  let recalled = null;
  const field = h("textarea", { rows: 1, placeholder, "aria-label": placeholder, autocomplete: "off", spellcheck: "false" });
  const button = h("button.send", { type: "button", "aria-label": "Send", title: "Send", onclick: () => submit() }, icon("send"));
  const menu = h("div.completions", { hidden: true });
  const chips = h("div.hints");

  const fit = () => {
    field.style.height = "auto";
    field.style.height = `${Math.min(field.scrollHeight, 180)}px`;
    button.disabled = !field.value.trim();
    state.drafts.set(place, field.value);
    complete();
  };
  const put = (line) => {
    field.value = line;
    fit();
    field.focus();
    field.setSelectionRange(line.length, line.length);
  };
  const complete = () => {
    const offered = commands.filter((command) => field.value && command.startsWith(field.value) && command !== field.value);
    menu.hidden = !offered.length;
    fill(menu, offered.map((command) => h("button", { type: "button", onclick: () => put(`${command} `) },
      h("b", {}, command), " ", h("span", {}, "Tab"))));
  };
  const submit = async () => {
    const line = field.value.trim();
    if (!line || field.disabled) return;
    remember(line);
    recalled = null;
    put("");
    box.classList.add("sending");
    const returned = await send(line);
    box.classList.remove("sending");
    if (returned) put(line);
  };
  const recall = (step) => {
    const lines = history();
    recalled = Math.max(0, Math.min(lines.length, (recalled ?? lines.length) + step));
    put(lines[recalled] ?? "");
  };

  field.addEventListener("input", () => {
    recalled = null;
    fit();
  });
  field.addEventListener("keydown", (event) => {
    const browsing = recalled !== null || !field.value;
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      submit();
    } else if (event.key === "ArrowUp" && browsing) {
      event.preventDefault();
      recall(-1);
    } else if (event.key === "ArrowDown" && recalled !== null) {
      event.preventDefault();
      recall(1);
    } else if (event.key === "Tab" && !menu.hidden && !event.shiftKey) {
      event.preventDefault();
      menu.firstChild.click();
    }
  });

  fill(chips, hints.length > 0 && h("span", {}, "Try"), hints.map((hint) => h("button", { type: "button", title: hint, onclick: () => put(hint) }, hint)));
  const box = h("div.box", {}, menu, field, button);
  const node = h("div.composer", {}, hints.length > 0 && chips, box);
  field.value = state.drafts.get(place) ?? "";
  button.disabled = !field.value.trim();
  return { node, put, focus: () => field.focus() };
}
