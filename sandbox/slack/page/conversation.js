// The middle of the page: a channel's messages and composer, or the app's Home tab.

import { renderBlocks } from "./blocks.js";
import { composer } from "./composer.js";
import { avatar, fill, h, sync } from "./dom.js";
import { drawGuide, guides } from "./guide.js";
import { icon } from "./icons.js";
import { perform } from "./live.js";
import { messageList } from "./messages.js";
import { Values } from "./modal.js";
import { inChannel, state } from "./state.js";

const homeValues = new Values();

/** Draw what is open: a channel or the Home tab. */
export function drawConversation(page) {
  const main = document.getElementById("conversation");
  const channel = state.channels.get(state.open);
  if (state.open === "home") fill(main, head(page, "home", page.bot().name, "Home"), home(page));
  else if (channel) drawChannel(page, main, channel);
}

function drawChannel(page, main, channel) {
  const name = channel.is_im ? page.bot().name : channel.name;
  const typing = main.contains(document.activeElement);
  const writing = composer({
    place: channel.id,
    placeholder: `Message ${channel.is_im ? name : `#${name}`}`,
    commands: state.commands,
    hints: channel.has_bot && !guides(channel) ? state.front.hints : [],
    send: (line) => sent(line, channel),
  });
  const scroller = h("div.scroller", { id: "scroller" }, welcome(page, channel, name),
    h("ol.messages", { id: "messages", role: "log", "aria-label": "Messages" }));
  const sign = channel.is_im ? "mail" : channel.is_private ? "lock" : "channel";
  fill(main, head(page, sign, name, channel.topic, channel.members), scroller,
    h("section.guide", { id: "guide", hidden: true, "aria-label": "First visit", "aria-live": "polite" }), writing.node);
  drawGuide(page);
  stayAtEnd(scroller);
  drawMessages(page, true);
  if (typing) writing.focus();
}

/** Put the cursor into the composer. */
export function focusComposer() {
  document.querySelector(".conversation .composer textarea")?.focus();
}

/** Do what was typed; gives whether the line should be put back into the composer. */
async function sent(line, channel) {
  const what = line.startsWith("/") ? "slash" : "say";
  const done = await perform(what, { user: state.me, channel: channel.id, text: line });
  return what === "slash" && !done.delivered;
}

function head(page, sign, name, topic, members = []) {
  const people = members.map((id) => state.users.get(id)).filter(Boolean);
  return h("header.head", {},
    h("button.menu-button", { type: "button", "aria-label": "Menu", onclick: () => page.showMenu(true) }, icon("menu")),
    h("h1", {}, h("span.sign", {}, icon(sign)), name),
    h("p", {}, topic),
    people.length > 0 && h("span.members", { title: people.map((user) => user.real_name).join(", ") },
      people.slice(0, 4).map((user) => avatar(user, "tiny")), icon("people"), h("small", {}, people.length)));
}

function welcome(page, channel, name) {
  const known = channel.has_bot
    ? ["The bot is in this channel. Type ", h("code", {}, state.commands[0]), " and what you want of it, or mention ", h("code", {}, `@${page.bot().name}`), "."]
    : ["The bot is not in this channel: its commands work here, its messages do not arrive."];
  return h("div.welcome", {},
    h("span.big", {}, icon(channel.is_im ? "mail" : "channel")),
    h("h2", {}, channel.is_im ? name : `Welcome to #${name}`),
    h("p", {}, known),
    h("p.quiet", {}, "A local stand-in for Slack: what you see is what the bot would send. Act as somebody else in the sidebar to see what they may do."));
}

function home(page) {
  if (!state.home) return h("div.empty", {}, h("p", {}, `${page.bot().name} has not published a Home tab for you yet.`));
  const surface = {
    names: page.names,
    values: homeValues,
    use: (block, element, value) => page.useInView(state.home, block, element, value, homeValues.entered(state.home)),
  };
  return h("div.scroller.home", {}, renderBlocks(state.home.blocks, surface));
}

/** Draw the open channel's messages; at the end of them where the reader was there, or with `jump`. */
export function drawMessages(page, jump = false) {
  const list = document.getElementById("messages");
  if (!list) return;
  const scroller = document.getElementById("scroller");
  const below = jump || scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 120;
  const shown = inChannel(state.open).filter((message) => !message.thread_ts || message.broadcast);
  sync(list, messageList(shown, page));
  if (below) scroller.scrollTop = scroller.scrollHeight;
}

/** Stay at the end while what is there grows: pictures and files come later than their message. */
function stayAtEnd(scroller) {
  let atEnd = true;
  scroller.addEventListener("scroll", () => {
    atEnd = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 4;
  });
  const grown = new ResizeObserver(() => {
    if (atEnd) scroller.scrollTop = scroller.scrollHeight;
  });
  grown.observe(scroller.lastElementChild);
  grown.observe(scroller);
}
