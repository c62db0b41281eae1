// rich_text blocks as nodes.

import { h } from "./dom.js";
import { link, named, shownDate } from "./mrkdwn.js";

/** The parts of a rich_text block. */
export function richText(block, names) {
  return h("div.rich", {}, block.elements.map((part) => PARTS[part.type]?.(part, names) ?? null));
}

const PARTS = {
  rich_text_section: (part, names) => h("p", {}, leaves(part, names)),
  rich_text_preformatted: (part, names) => h("pre.code", {}, leaves(part, names)),
  rich_text_quote: (part, names) => h("blockquote", {}, leaves(part, names)),
  rich_text_list: (part, names) =>
    h(part.style === "ordered" ? "ol" : "ul", { class: `indent-${part.indent ?? 0}`, start: (part.offset ?? 0) + 1 },
      part.elements.map((item) => h("li", {}, leaves(item, names)))),
};

function leaves(part, names) {
  return part.elements.map((leaf) => styled(LEAVES[leaf.type]?.(leaf, names) ?? "", leaf.style));
}

const LEAVES = {
  text: (leaf) => leaf.text,
  link: (leaf) => link(leaf.url, leaf.text ?? leaf.url),
  emoji: (leaf) => named(leaf.name),
  user: (leaf, names) => names.user(leaf.user_id),
  usergroup: (leaf, names) => names.group(leaf.usergroup_id),
  channel: (leaf, names) => names.channel(leaf.channel_id),
  broadcast: (leaf, names) => names.everybody(leaf.range),
  date: (leaf) => shownDate(leaf.timestamp, leaf.format, leaf.fallback),
  color: (leaf) => h("span", {}, h("span.swatch", { style: { "background-color": leaf.value } }), leaf.value),
};

function styled(node, style = {}) {
  let result = node;
  if (style.code) result = h("code", {}, result);
  if (style.bold) result = h("strong", {}, result);
  if (style.italic) result = h("em", {}, result);
  if (style.strike) result = h("s", {}, result);
  if (style.underline) result = h("u", {}, result);
  return result;
}
