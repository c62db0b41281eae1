// The dialog that asks before something happens.

import { fill, h } from "./dom.js";
import { mrkdwn } from "./mrkdwn.js";

/** Show an element's confirm dialog, if it has one; whether the person agreed. */
export function confirmed(element, names) {
  const asked = element.confirm;
  if (!asked) return Promise.resolve(true);
  const dialog = document.getElementById("confirm");
  return new Promise((resolve) => {
    const close = (agreed) => {
      dialog.close();
      resolve(agreed);
    };
    dialog.oncancel = (event) => {
      event.preventDefault();
      close(false);
    };
    const agree = h("button", { class: asked.style === "danger" ? "danger solid" : "primary solid", onclick: () => close(true) }, asked.confirm.text);
    fill(dialog,
      h("h2", {}, asked.title.text),
      h("div.text", {}, asked.text.type === "mrkdwn" ? mrkdwn(asked.text.text, names) : asked.text.text),
      h("footer", {}, h("button", { onclick: () => close(false) }, asked.deny.text), agree));
    dialog.showModal();
    agree.focus();
  });
}
