// Modals: fields, errors, loading, stacked views. What was entered survives an update of the view.

import { renderBlocks } from "./blocks.js";
import { fill, h } from "./dom.js";
import { plain } from "./elements.js";
import { icon } from "./icons.js";

/** Values of a form by block and action. */
export class Values {
  #held = new Map();

  read(block, element) {
    return this.#held.get(`${block.block_id} ${element.action_id}`);
  }

  write(block, element, value) {
    this.#held.set(`${block.block_id} ${element.action_id}`, value);
  }

  /** As the workspace takes them: `{block_id: {action_id: value}}`, for what is on `view`. */
  entered(view) {
    const all = {};
    for (const block of view.blocks) {
      for (const element of [...(block.elements ?? []), block.accessory, block.element]) {
        const value = element && this.read(block, element);
        if (value !== undefined && element?.action_id) (all[block.block_id] ??= {})[element.action_id] = value;
      }
    }
    return all;
  }
}

const forms = new Map();
let shown = null;

/** Show the topmost of the open views, or nothing. */
export function showModal(views, page) {
  const dialog = document.getElementById("modal");
  const view = views.at(-1);
  if (!view) {
    if (dialog.open) dialog.close();
    shown = null;
    return;
  }
  const form = forms.get(view.id) ?? { values: new Values(), problems: {}, notice: null };
  forms.set(view.id, form);
  if (shown !== view.id + view.hash) form.problems = {};
  draw(dialog, view, form, views.length, page);
  if (!dialog.open) dialog.showModal();
  if (shown !== view.id + view.hash) focusFirst(dialog);
  shown = view.id + view.hash;
}

function focusFirst(dialog) {
  (dialog.querySelector(".input input, .input textarea, .input select") ?? dialog.querySelector("footer .solid") ?? dialog).focus();
}

function draw(dialog, view, form, depth, page) {
  const again = () => draw(dialog, view, form, depth, page);
  const close = () => page.closeView(view);
  dialog.oncancel = (event) => {
    event.preventDefault();
    close();
  };
  const surface = {
    names: page.names,
    values: form.values,
    problems: form.problems,
    use: (block, element, value) => page.useInView(view, block, element, value, form.values.entered(view)),
  };
  const submit = async (event) => {
    event.preventDefault();
    const button = dialog.querySelector("footer .solid");
    button.classList.add("busy");
    const done = await page.submitView(view, form.values.entered(view));
    button.classList.remove("busy");
    form.problems = done.errors ?? {};
    form.notice = done.notice;
    if (done.notice || Object.keys(form.problems).length) {
      again();
      dialog.querySelector(".wrong input, .wrong textarea, .wrong select")?.focus();
    }
  };
  const top = dialog.querySelector(".modal-body")?.scrollTop ?? 0;
  fill(dialog, h("form", { onsubmit: submit, novalidate: true },
    h("header", {},
      h("img.avatar.small", { src: "/page/icon.svg", alt: "" }),
      h("h2", {}, plain(view.title)),
      depth > 1 && h("span.badge", {}, `${depth} of 3`),
      h("button.close", { type: "button", "aria-label": "Close", onclick: close }, icon("close"))),
    h("div.modal-body", {},
      form.notice && h("p.notice", { role: "alert" }, form.notice),
      renderBlocks(view.blocks, surface)),
    h("footer", {},
      h("button", { type: "button", onclick: close }, view.close ? plain(view.close) : "Cancel"),
      view.submit && h("button.primary.solid", { type: "submit" }, plain(view.submit)))));
  dialog.querySelector(".modal-body").scrollTop = top;
}
