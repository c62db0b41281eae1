// Building the page from data. Text always becomes text nodes, never markup.

/** Make an element: `h("button.primary", {onclick}, "Save")`. Properties starting with "on" are listeners. */
export function h(selector, properties = {}, ...children) {
  const [tag, ...classes] = selector.split(".");
  const element = document.createElement(tag || "div");
  if (classes.length) element.className = classes.join(" ");
  for (const [name, value] of Object.entries(properties ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "class") element.className += ` ${value}`;
    else if (name === "style") for (const [key, given] of Object.entries(value)) element.style.setProperty(key, given);
    else if (name in element && typeof value !== "string") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...flat(children));
  return element;
}

function flat(children) {
  return children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false);
}

/** Replace everything inside `element`. */
export function fill(element, ...children) {
  element.replaceChildren(...flat(children));
  return element;
}

/** Make `nodes` the children of `element`, leaving those in place that are there already. */
export function sync(element, nodes) {
  nodes.forEach((node, position) => {
    if (element.childNodes[position] !== node) element.insertBefore(node, element.childNodes[position] ?? null);
  });
  while (element.childNodes.length > nodes.length) element.lastChild.remove();
  return element;
}

/** A person's picture: their initial on their colour, or the bot's sign. */
export function avatar(user, size = "") {
  const classes = `avatar ${size}`;
  if (user?.is_bot && user.id !== "USLACKBOT") {
    return h("img", { class: classes, src: "/page/icon.svg", alt: "" });
  }
  const initials = (user?.real_name ?? "?").split(" ").map((word) => word[0]).slice(0, 1).join("");
  return h("span", { class: classes, style: { "background-color": user?.color ?? "#64748b" }, "aria-hidden": "true" }, initials);
}

/** A short word at the bottom of the page, gone after a while. */
export function toast(words, kind = "info") {
  const note = h("div.toast", { class: kind }, words);
  document.getElementById("toasts").append(note);
  setTimeout(() => note.remove(), 6000);
}

/** Close `panel` on a click outside or Escape. */
export function dismissable(panel, close) {
  const outside = (event) => {
    if (!panel.contains(event.target)) end();
  };
  const escape = (event) => {
    if (event.key === "Escape") end();
  };
  const end = () => {
    document.removeEventListener("pointerdown", outside, true);
    document.removeEventListener("keydown", escape, true);
    close();
  };
  document.addEventListener("pointerdown", outside, true);
  document.addEventListener("keydown", escape, true);
  return end;
}
