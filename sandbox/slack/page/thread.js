// The thread beside the conversation.

import { composer } from "./composer.js";
import { fill, h, sync, toast } from "./dom.js";
import { icon } from "./icons.js";
import { perform } from "./live.js";
import { messageList } from "./messages.js";
import { inThread, state } from "./state.js";

let drawnFor = null;

/** Draw the open thread, or nothing if none is open. */
export function drawThread(page) {
  const aside = document.getElementById("thread");
  const parent = state.thread && state.messages.get(state.open)?.get(state.thread);
  aside.hidden = !parent;
  if (!parent) {
    state.thread = null;
    drawnFor = null;
    return;
  }
  if (drawnFor !== `${state.me} ${parent.ts}`) frame(aside, page, parent);
  drawnFor = `${state.me} ${parent.ts}`;
  const replies = inThread(parent.channel, parent.ts);
  const count = h("li.day", {}, h("span", {}, `${replies.length} ${replies.length === 1 ? "reply" : "replies"}`));
  sync(aside.querySelector(".messages"), [
    ...messageList([parent], page, { inThread: true }),
    ...(replies.length ? [count] : []),
    ...messageList(replies, page, { inThread: true }),
  ]);
  const scroller = aside.querySelector(".scroller");
  scroller.scrollTop = scroller.scrollHeight;
}

function frame(aside, page, parent) {
  const close = () => {
    state.thread = null;
    drawThread(page);
  };
  const bot = `@${page.bot().name}`;
  const writing = composer({
    place: parent.ts,
    placeholder: `Reply… (${bot} hears you)`,
    send: (line) => replied(line, parent, bot),
  });
  fill(aside,
    h("header.head", {}, h("h1", {}, "Thread"),
      h("button.close", { type: "button", "aria-label": "Close thread", onclick: close }, icon("close"))),
    h("div.scroller", {}, h("ol.messages", { role: "log", "aria-label": "Thread" })),
    writing.node);
}

/** Reply; gives whether the line should be put back into the composer. Slack has no app commands in threads. */
async function replied(line, parent, bot) {
  if (line.startsWith("/")) {
    toast(`${line.split(" ")[0]} is not supported in threads. Mention ${bot} instead.`, "warn");
    return true;
  }
  await perform("say", { user: state.me, channel: parent.channel, text: line, thread_ts: parent.ts });
  return false;
}
