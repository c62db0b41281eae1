// Interactive elements. Each is made for a `use`: what to do when it is used, or null where a form collects its value.

import { dismissable, h } from "./dom.js";
import { named } from "./mrkdwn.js";

/** plain_text with its emoji. */
export function plain(text) {
  if (text.emoji === false) return [text.text];
  return text.text.split(/(:[a-z0-9_+'-]+:)/g).map((piece) =>
    /^:.+:$/.test(piece) ? named(piece.slice(1, -1), piece) : piece);
}

/** The control for an element. `value` is what it holds, `change(value)` tells of a new one. */
export function control(element, { value, change, use, names }) {
  const make = CONTROLS[element.type];
  if (!make) return h("span.unsupported", {}, `(${element.type} is not shown here)`);
  return make(element, { value, change, use, names });
}

/** What an element holds before anybody touches it, as this page keeps it. */
export function initialValue(element) {
  if (element.initial_option) return element.initial_option.value;
  if (element.initial_options) return element.initial_options.map((option) => option.value);
  for (const [key, value] of Object.entries(element)) if (key.startsWith("initial_")) return value;
  return isMany(element) ? [] : null;
}

function isMany(element) {
  return element.type.startsWith("multi_") || element.type === "checkboxes";
}

function button(element, { use }) {
  const press = async (event) => {
    const pressed = event.currentTarget;
    pressed.classList.add("busy");
    try {
      await use(element, null);
    } finally {
      pressed.classList.remove("busy");
    }
    if (element.url) window.open(element.url, "_blank", "noopener");
  };
  return h("button", { type: "button", class: element.style ?? "", "aria-label": element.accessibility_label, onclick: press }, plain(element.text));
}

function overflow(element, { use }) {
  const holder = h("div.overflow");
  const open = () => {
    if (holder.querySelector(".menu")) return;
    const close = dismissable(holder, () => menu.remove());
    const choose = (option) => {
      close();
      if (option.url) window.open(option.url, "_blank", "noopener");
      use(element, option.value);
    };
    const menu = h("div.menu", { role: "menu" }, element.options.map((option) =>
      h("button", { type: "button", role: "menuitem", onclick: () => choose(option) }, plain(option.text),
        option.description && h("small", {}, plain(option.description)))));
    holder.append(menu);
    menu.firstChild.focus();
  };
  holder.append(h("button.dots", { type: "button", "aria-label": "More actions", "aria-haspopup": "menu", onclick: open }, "⋯"));
  return holder;
}

function optionsOf(element, names) {
  if (/users_select$/.test(element.type)) return names.people().map((user) => [user.id, `@${user.name} · ${user.real_name}`]);
  if (/(channels|conversations)_select$/.test(element.type)) return names.channels().map((channel) => [channel.id, `#${channel.name}`]);
  return (element.options ?? []).map((option) => [option.value, option.text.text]);
}

function select(element, { value, change, use, names }) {
  const groups = element.option_groups?.map((group) =>
    h("optgroup", { label: group.label.text }, group.options.map((option) => choice(option.value, option.text.text, value))));
  const options = groups ?? optionsOf(element, names).map(([id, label]) => choice(id, label, value));
  const picked = async (event) => {
    const chosen = event.currentTarget.value || null;
    change?.(chosen);
    await use?.(element, chosen);
  };
  const placeholder = element.placeholder?.text ?? "Choose an option";
  return h("select", { onchange: picked, "aria-label": placeholder, "data-action": element.action_id },
    h("option", { value: "", selected: value === null || value === undefined }, placeholder), options);
}

function choice(id, label, value) {
  return h("option", { value: id, selected: id === value }, label);
}

function many(element, { value, change, use, names }) {
  const listed = element.options ?? element.option_groups?.flatMap((group) => group.options);
  const entries = listed ? listed.map((option) => [option.value, plain(option.text), option.description]) : optionsOf(element, names);
  const chosen = new Set(value ?? []);
  const toggle = (id) => async (event) => {
    if (event.currentTarget.checked) chosen.add(id);
    else chosen.delete(id);
    change?.([...chosen]);
    await use?.(element, [...chosen]);
  };
  return h("div.choices", { role: "group" }, entries.map(([id, label, about]) =>
    h("label", {}, h("input", { type: "checkbox", checked: chosen.has(id), onchange: toggle(id) }),
      h("span", {}, label, about && h("small", {}, plain(about))))));
}

function radios(element, { value, change, use }) {
  const group = `${element.action_id}-${Math.random()}`;
  const pick = (id) => async () => {
    change?.(id);
    await use?.(element, id);
  };
  return h("div.choices", { role: "radiogroup" }, element.options.map((option) =>
    h("label", {}, h("input", { type: "radio", name: group, checked: option.value === value, onchange: pick(option.value) }),
      h("span", {}, plain(option.text), option.description && h("small", {}, plain(option.description))))));
}

function typed(kind) {
  return (element, { value, change, use }) => {
    const tag = element.multiline ? "textarea" : "input";
    const enter = (event) => {
      if (event.key === "Enter" && !element.multiline && use) {
        event.preventDefault();
        use(element, event.currentTarget.value);
      }
    };
    const input = h(tag, {
      type: element.multiline ? undefined : kind,
      placeholder: element.placeholder?.text,
      maxLength: element.max_length,
      rows: element.multiline ? 4 : undefined,
      "data-action": element.action_id,
      oninput: (event) => change?.(event.currentTarget.value),
      onkeydown: enter,
      autocomplete: "off",
      spellcheck: kind === "text" ? undefined : "false",
    });
    input.value = value ?? "";
    return input;
  };
}

function picked(kind, read = (text) => text, show = (value) => value) {
  return (element, { value, change, use }) => {
    const input = h("input", { type: kind, onchange: async (event) => {
      const chosen = read(event.currentTarget.value);
      change?.(chosen);
      await use?.(element, chosen);
    } });
    input.value = value ? show(value) : "";
    return input;
  };
}

const CONTROLS = {
  button,
  overflow,
  static_select: select,
  users_select: select,
  channels_select: select,
  conversations_select: select,
  multi_static_select: many,
  multi_users_select: many,
  multi_channels_select: many,
  multi_conversations_select: many,
  checkboxes: many,
  radio_buttons: radios,
  plain_text_input: typed("text"),
  number_input: typed("number"),
  email_text_input: typed("email"),
  url_text_input: typed("url"),
  datepicker: picked("date"),
  timepicker: picked("time"),
  datetimepicker: picked("datetime-local",
    (text) => Math.floor(new Date(text).getTime() / 1000),
    (seconds) => new Date(seconds * 1000).toISOString().slice(0, 16)),
};
