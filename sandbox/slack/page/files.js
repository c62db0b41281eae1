// Files under messages: a picture, or the head of a text with the rest on demand.

import { h } from "./dom.js";
import { icon } from "./icons.js";

const HEAD = 12;
const contents = new Map();

/** A file as a card. Slack's clients show a text file's first lines likewise. */
export function attachedFile(file) {
  const address = `/page/files/${file.id}`;
  if (/^image\/(png|jpeg|gif)$/.test(file.mimetype)) {
    return picture(file, address);
  }
  const preview = h("pre", {}, "…");
  const card = h("div.file", {},
    h("div.file-head", {},
      h("span.file-icon", {}, icon("file")),
      h("span", {}, h("b", {}, file.title), h("small", {}, `${file.name} · ${size(file.size)}`)),
      h("a", { href: address, download: file.name, title: "Download" }, icon("download"))),
    preview);
  load(address).then((text) => show(card, preview, text));
  return card;
}

/** A picture at the width there is, whole in a tab of its own, and in words what it shows. */
function picture(file, address) {
  const words = file.alt_txt && h("figcaption.alt", { "aria-hidden": "true" }, h("span.badge", {}, "ALT"), ` ${file.alt_txt}`);
  return h("figure.file", {},
    h("figcaption", {}, h("b", {}, file.title), h("small", {}, `${file.name} · ${size(file.size)}`)),
    h("a", { href: address, target: "_blank", rel: "noopener", title: "Open the whole picture" },
      h("img", { src: address, alt: file.alt_txt || file.title })),
    words);
}

function show(card, preview, text) {
  const lines = text.trimEnd().split("\n");
  preview.textContent = lines.slice(0, HEAD).join("\n");
  if (lines.length <= HEAD) return;
  const more = h("button", { type: "button", onclick: () => {
    preview.textContent = text;
    more.remove();
  } }, `Show all ${lines.length} lines`);
  card.append(more);
}

async function load(address) {
  if (!contents.has(address)) {
    const answer = await fetch(address);
    contents.set(address, answer.ok ? await answer.text() : "(not available)");
  }
  return contents.get(address);
}

function size(bytes) {
  return bytes < 1024 ? `${bytes} B` : `${(bytes / 1024).toFixed(1)} kB`;
}
