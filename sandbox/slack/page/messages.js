// Messages: one by one, in a channel, in a thread.

import { avatar, h } from "./dom.js";
import { renderBlocks } from "./blocks.js";
import { attachedFile } from "./files.js";
import { icon } from "./icons.js";
import { mrkdwn, named } from "./mrkdwn.js";

const TOGETHER = 5 * 60;
const drawn = new Map();

/** Forget drawn messages: somebody else looks now. */
export function forgetDrawn() {
  drawn.clear();
}

/** The nodes of a list of messages, oldest first, with day lines; `page` is what app.js offers. */
export function messageList(messages, page, { inThread = false } = {}) {
  const nodes = [];
  let before = null;
  for (const message of messages) {
    const day = dayOf(message);
    if (!inThread && (!before || dayOf(before) !== day)) nodes.push(cached(`day ${day}`, day, () => h("li.day", {}, h("span", {}, day))));
    const follows = Boolean(before && continues(before, message, inThread));
    const key = `${inThread} ${message.channel} ${message.ts}`;
    const fresh = !drawn.has(key) && page.isFresh(message);
    nodes.push(cached(key, JSON.stringify([message, follows]), () => messageNode(message, page, { inThread, follows, fresh })));
    before = message;
  }
  return nodes;
}

/** A node drawn before from the same data, so that open menus and half-made choices in it stay. */
function cached(key, signature, make) {
  if (drawn.get(key)?.signature !== signature) drawn.set(key, { signature, node: make() });
  return drawn.get(key).node;
}

function dayOf(message) {
  const when = new Date(Number(message.ts) * 1000);
  if (when.toDateString() === new Date().toDateString()) return "Today";
  return when.toLocaleDateString(undefined, { weekday: "long", month: "long", day: "numeric" });
}

function continues(before, message, inThread) {
  const close = Number(message.ts) - Number(before.ts) < TOGETHER && dayOf(before) === dayOf(message);
  const ended = !inThread && before.reply_count;
  return before.user === message.user && close && !ended && before.only_you === message.only_you;
}

function messageNode(message, page, { inThread, follows, fresh }) {
  const user = page.state.users.get(message.user);
  const classes = [follows && "follows", message.only_you && "only-you", fresh && "fresh"].filter(Boolean).join(" ");
  return h("li.message", { class: classes, "data-ts": message.ts },
    h("div.gutter", {}, follows ? h("time", {}, clock(message).replace(/\s?[AP]M$/i, "")) : avatar(user)),
    h("div.body", {},
      message.only_you && h("p.whisper", {}, icon("eye"), " Only visible to you"),
      !follows && byline(message, user),
      content(message, page),
      (message.files ?? []).map(attachedFile),
      reactions(message),
      !inThread && replies(message, page)),
    tools(message, page, inThread));
}

function byline(message, user) {
  return h("p.byline", {},
    h("strong", {}, user?.is_bot ? user.name : (user?.real_name ?? message.user)),
    user?.is_bot && h("span.badge", {}, "APP"),
    h("time", { title: new Date(Number(message.ts) * 1000).toLocaleString() }, clock(message)));
}

function clock(message) {
  return new Date(Number(message.ts) * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
}

function content(message, page) {
  const surface = {
    names: page.names,
    use: (block, element, value) => page.useInMessage(message, block, element, value),
  };
  const parts = [];
  if (message.blocks?.length) parts.push(renderBlocks(message.blocks, surface));
  else if (message.text) parts.push(h("div.text", {}, mrkdwn(message.text, page.names)));
  for (const attachment of message.attachments ?? []) parts.push(attached(attachment, surface));
  if (message.edited) parts.push(edits(message));
  return parts;
}

function attached(attachment, surface) {
  return h("div.attachment", { style: { "border-color": attachment.color?.replace(/^(?=[0-9a-f]{6}$)/i, "#") ?? "" } },
    attachment.blocks ? renderBlocks(attachment.blocks, surface)
      : h("div.text", {}, mrkdwn(attachment.text ?? attachment.fallback ?? "", surface.names)));
}

function edits(message) {
  const count = message.edits.length;
  return h("span.edited", { title: `edited ${count} ${count === 1 ? "time" : "times"}` }, "(edited)");
}

function reactions(message) {
  if (!message.reactions?.length) return null;
  return h("div.reactions", {}, message.reactions.map((reaction) => h("span", {}, named(reaction.name), ` ${reaction.count}`)));
}

function replies(message, page) {
  if (!message.reply_count) return null;
  const people = message.reply_users.slice(0, 3).map((id) => avatar(page.state.users.get(id), "tiny"));
  const last = new Date(Number(message.latest_reply) * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  return h("button.replies", { type: "button", onclick: () => page.openThread(message.ts) },
    people,
    h("b", {}, `${message.reply_count} ${message.reply_count === 1 ? "reply" : "replies"}`),
    h("span", {}, `Last reply at ${last}`));
}

function tools(message, page, inThread) {
  if (inThread || message.only_you) return null;
  return h("div.tools", {}, h("button", { type: "button", title: "Reply in thread", "aria-label": "Reply in thread", onclick: () => page.openThread(message.ts) }, icon("reply")));
}
