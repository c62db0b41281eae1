// Block Kit as nodes. `surface` says what using an element does and, in forms, where values are kept.

import { h } from "./dom.js";
import { control, initialValue, plain } from "./elements.js";
import { mrkdwn } from "./mrkdwn.js";
import { richText } from "./richtext.js";

/** All blocks of a message or view. */
export function renderBlocks(blocks, surface) {
  return h("div.blocks", {}, blocks.map((block) => BLOCKS[block.type]?.(block, surface) ?? null));
}

function textOf(text, surface) {
  return text.type === "mrkdwn" ? mrkdwn(text.text, surface.names) : plain(text);
}

/** An element in its block: in a form its value is kept, elsewhere using it tells the app at once. */
function placed(block, element, surface) {
  const kept = surface.values?.read(block, element);
  return control(element, {
    value: kept === undefined ? initialValue(element) : kept,
    change: surface.values && ((value) => surface.values.write(block, element, value)),
    use: block.type !== "input" || block.dispatch_action ? (used, value) => surface.use(block, used, value) : null,
    names: surface.names,
  });
}

function accessory(block, surface) {
  const element = block.accessory;
  if (!element) return null;
  if (element.type === "image") return h("img.accessory-image", { src: element.image_url, alt: element.alt_text });
  return h("div.accessory", {}, placed(block, element, surface));
}

function section(block, surface) {
  return h("div.section", {},
    h("div.section-body", {},
      block.text && h("div.text", {}, textOf(block.text, surface)),
      block.fields && h("div.fields", {}, block.fields.map((field) => h("div.text", {}, textOf(field, surface))))),
    accessory(block, surface));
}

function context(block, surface) {
  return h("div.context", {}, block.elements.map((element) => element.type === "image"
    ? h("img", { src: element.image_url, alt: element.alt_text })
    : h("span.text", {}, textOf(element, surface))));
}

function actions(block, surface) {
  return h("div.actions", {}, block.elements.map((element) => placed(block, element, surface)));
}

function input(block, surface) {
  const problem = surface.problems?.[block.block_id];
  return h("div.input", { class: problem ? "wrong" : "", "data-block": block.block_id },
    h("div.label", {}, plain(block.label), block.optional && h("small", {}, " (optional)")),
    placed(block, block.element, surface),
    problem && h("p.problem", { role: "alert" }, problem),
    block.hint && h("p.hint", {}, plain(block.hint)));
}

function image(block) {
  return h("figure", {},
    block.title && h("figcaption", {}, plain(block.title)),
    h("img", { src: block.image_url, alt: block.alt_text, loading: "lazy" }));
}

function table(block, surface) {
  const settings = block.column_settings ?? [];
  const cell = (tag) => (content, column) => h(tag, {
    class: `${settings[column]?.align ?? "left"} ${settings[column]?.is_wrapped ? "wrapped" : ""}`,
  }, content.type === "rich_text" ? richText(content, surface.names) : content.text);
  const [head, ...rows] = block.rows;
  return h("div.table", { tabindex: "0", role: "group", "aria-label": "Table" }, h("table", {},
    h("thead", {}, h("tr", {}, head.map(cell("th")))),
    h("tbody", {}, rows.map((row) => h("tr", {}, row.map(cell("td")))))));
}

const BLOCKS = {
  header: (block) => h("h3.header", {}, plain(block.text)),
  section,
  divider: () => h("hr"),
  context,
  actions,
  input,
  image,
  table,
  rich_text: (block, surface) => richText(block, surface.names),
  markdown: (block, surface) => h("div.text", {}, mrkdwn(block.text.replace(/\*\*(.+?)\*\*/g, "*$1*"), surface.names)),
};
