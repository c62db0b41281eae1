// The page: one person's view of the workspace, kept up to date, and what they do in it.

import { renderBlocks } from "./blocks.js";
import { composer } from "./composer.js";
import { confirmed } from "./confirm.js";
import { avatar, fill, h, sync, toast } from "./dom.js";
import { icon } from "./icons.js";
import { follow, perform } from "./live.js";
import { forgetDrawn, messageList } from "./messages.js";
import { showModal, Values } from "./modal.js";
import { namesOf } from "./names.js";
import { drawSidebar } from "./sidebar.js";

const state = {
  me: null, open: null, thread: null, lost: false, connected: 0, users: new Map(), channels: new Map(), groups: new Map(),
  messages: new Map(), unread: new Map(), views: [], home: null, front: { banner: "", hints: [], panel: [], panel_title: "" },
};
const fresh = new Set();
const homeValues = new Values();
const at = (id) => document.getElementById(id);
let stop = () => {};
let writing = {};

const page = {
  state,
  names: namesOf(state),
  bot: () => state.users.get(state.bot),
  isFresh: (message) => fresh.has(keyOf(message)),
  actAs(name) {
    sessionStorage.setItem("user", name);
    start(name);
  },
  open(place) {
    state.open = place;
    state.thread = null;
    state.unread.delete(place);
    sessionStorage.setItem("open", place);
    page.showMenu(false);
    drawAll();
    if (place === "home") perform("home", { user: state.me });
    writing.focus?.();
  },
  openThread(ts) {
    state.thread = ts;
    drawThread(true);
    drawMessages();
  },
  showMenu(shown) {
    document.body.classList.toggle("menu-open", shown);
  },
  async useInMessage(message, block, element, value) {
    if (!(await confirmed(element, page.names))) return;
    told(await perform("click", {
      user: state.me, channel: message.channel, ts: message.ts, block_id: block.block_id, action_id: element.action_id, value,
    }));
  },
  async useInView(view, block, element, value, entered) {
    if (!(await confirmed(element, page.names))) return;
    told(await perform("click_in_view", {
      user: state.me, view: view.id, block_id: block.block_id, action_id: element.action_id, value, entered,
    }));
  },
  submitView: (view, entered) => perform("submit", { user: state.me, view: view.id, entered }),
  closeView: (view) => perform("close_view", { user: state.me, view: view.id }),
  pressPanel: (label) => perform("panel", { label }),
};

function told(done) {
  if (done.notice) toast(done.notice, "warn");
  else if (done.delivered && !done.acked) toast("The app did not answer in time.", "warn");
}

function keyOf(message) {
  return `${message.channel} ${message.ts}`;
}

// What comes in

function keep(message) {
  if (!state.messages.has(message.channel)) state.messages.set(message.channel, new Map());
  state.messages.get(message.channel).set(message.ts, message);
}

function inChannel(channel) {
  return [...(state.messages.get(channel)?.values() ?? [])].sort((a, b) => Number(a.ts) - Number(b.ts));
}

/** A reply changes its parent's summary, which the workspace does not send again. */
function countReplies(channel, ts) {
  const parent = state.messages.get(channel)?.get(ts);
  if (!parent) return;
  const replies = inChannel(channel).filter((message) => message.thread_ts === ts && !message.only_you);
  parent.reply_count = replies.length;
  parent.reply_users = [...new Set(replies.map((reply) => reply.user))];
  parent.latest_reply = replies.at(-1)?.ts;
}

const receive = {
  everything(update) {
    Object.assign(state, {
      me: update.me, team: update.team, bot: update.bot, commands: update.commands, connected: update.connected,
      views: update.views, home: update.home, front: update.front, lost: false,
    });
    state.users = byId(update.users);
    state.groups = byId(update.groups);
    state.channels = byId(update.channels);
    state.messages.clear();
    update.messages.forEach(keep);
    const wanted = sessionStorage.getItem("open");
    if (wanted !== "home" && !state.channels.has(wanted)) sessionStorage.setItem("open", update.channels[0]?.id);
    state.open = sessionStorage.getItem("open");
    drawAll();
    showModal(state.views, page);
  },
  message({ message }) {
    const known = state.messages.get(message.channel)?.has(message.ts);
    keep(message);
    if (message.thread_ts) countReplies(message.channel, message.thread_ts);
    else countReplies(message.channel, message.ts);
    if (!known) arrived(message);
    if (message.channel === state.open) {
      drawMessages();
      drawThread();
    }
  },
  message_deleted({ channel, ts }) {
    const gone = state.messages.get(channel)?.get(ts);
    state.messages.get(channel)?.delete(ts);
    if (gone?.thread_ts) countReplies(channel, gone.thread_ts);
    if (state.thread === ts) state.thread = null;
    drawAll();
  },
  views(update) {
    state.views = update.views;
    state.home = update.home;
    showModal(state.views, page);
    if (state.open === "home") drawConversation();
  },
  connection(update) {
    state.connected = update.connected;
    drawSidebar(at("sidebar"), page);
  },
  members(update) {
    state.channels = byId(update.channels);
    if (state.open !== "home" && !state.channels.has(state.open)) page.open(update.channels[0]?.id);
    else drawAll();
  },
  front(update) {
    state.front = update.front;
    drawAll();
  },
};

function byId(entries) {
  return new Map(entries.map((entry) => [entry.id, entry]));
}

function arrived(message) {
  fresh.add(keyOf(message));
  setTimeout(() => fresh.delete(keyOf(message)), 1500);
  if (message.channel !== state.open && message.user !== state.me) {
    state.unread.set(message.channel, (state.unread.get(message.channel) ?? 0) + 1);
    drawSidebar(at("sidebar"), page);
    entitle();
  }
}

// What is shown

function drawAll() {
  at("banner").hidden = !state.front.banner;
  at("banner").textContent = state.front.banner;
  drawSidebar(at("sidebar"), page);
  drawConversation();
  drawThread(true);
  entitle();
}

function entitle() {
  const unread = [...state.unread.values()].reduce((sum, count) => sum + count, 0);
  const place = state.open === "home" ? page.bot().name : `#${state.channels.get(state.open)?.name ?? ""}`;
  document.title = `${unread ? `(${unread}) ` : ""}${place} · ${state.team.name}`;
}

function drawConversation() {
  const main = at("conversation");
  if (state.open === "home") {
    fill(main, head("home", page.bot().name, "Home"), home());
    writing = {};
    return;
  }
  const channel = state.channels.get(state.open);
  if (!channel) return;
  const name = channel.is_im ? page.bot().name : channel.name;
  writing = composer({
    placeholder: `Message ${channel.is_im ? name : `#${name}`}`,
    commands: state.commands,
    hints: channel.has_bot ? state.front.hints : [],
    send: (line) => sent(line, channel),
  });
  fill(main, head(channel.is_im ? "mail" : channel.is_private ? "lock" : "channel", name, channel.topic, channel.members),
    h("div.scroller", { id: "scroller" }, welcome(channel, name), h("ol.messages", { id: "messages", role: "log", "aria-label": "Messages" })), writing.node);
  stayAtEnd(at("scroller"));
  drawMessages(true);
}

function head(sign, name, topic, members = []) {
  const people = members.map((id) => state.users.get(id)).filter(Boolean);
  return h("header.head", {},
    h("button.menu-button", { type: "button", "aria-label": "Menu", onclick: () => page.showMenu(true) }, icon("menu")),
    h("h1", {}, h("span.sign", {}, icon(sign)), name),
    h("p", {}, topic),
    people.length > 0 && h("span.members", { title: people.map((user) => user.real_name).join(", ") },
      people.slice(0, 4).map((user) => avatar(user, "tiny")), icon("people"), h("small", {}, people.length)));
}

function welcome(channel, name) {
  const known = channel.has_bot
    ? ["The bot is in this channel. Type ", h("code", {}, state.commands[0]), " and what you want of it, or mention ", h("code", {}, `@${page.bot().name}`), "."]
    : ["The bot is not in this channel: its commands work here, its messages do not arrive."];
  return h("div.welcome", {},
    h("span.big", {}, icon(channel.is_im ? "mail" : "channel")),
    h("h2", {}, channel.is_im ? name : `Welcome to #${name}`),
    h("p", {}, known),
    h("p.quiet", {}, "A local stand-in for Slack: what you see is what the bot would send. Act as somebody else in the sidebar to see what they may do."));
}

function home() {
  if (!state.home) return h("div.empty", {}, h("p", {}, `${page.bot().name} has not published a Home tab for you yet.`));
  const surface = {
    names: page.names,
    values: homeValues,
    use: (block, element, value) => page.useInView(state.home, block, element, value, homeValues.entered(state.home)),
  };
  return h("div.scroller.home", {}, renderBlocks(state.home.blocks, surface));
}

function drawMessages(jump = false) {
  const list = at("messages");
  if (!list) return;
  const scroller = at("scroller");
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

function drawThread(fresh = false) {
  const aside = at("thread");
  const parent = state.thread && state.messages.get(state.open)?.get(state.thread);
  aside.hidden = !parent;
  document.body.classList.toggle("thread-open", Boolean(parent));
  if (!parent) {
    state.thread = null;
    return;
  }
  const replies = inChannel(state.open).filter((message) => message.thread_ts === parent.ts);
  const list = h("ol.messages", {}, messageList([parent], page, { inThread: true }),
    replies.length > 0 && h("li.day", {}, h("span", {}, `${replies.length} ${replies.length === 1 ? "reply" : "replies"}`)),
    messageList(replies, page, { inThread: true }));
  if (fresh || !aside.querySelector(".scroller")) {
    const close = () => {
      state.thread = null;
      drawThread();
    };
    const field = composer({ placeholder: `Reply… (@${page.bot().name} hears you)`, send: (line) => replied(line, parent) });
    fill(aside, h("header.head", {}, h("h1", {}, "Thread"), h("button.close", { type: "button", "aria-label": "Close thread", onclick: close }, icon("close"))),
      h("div.scroller", {}), field.node);
  }
  const scroller = aside.querySelector(".scroller");
  fill(scroller, list);
  scroller.scrollTop = scroller.scrollHeight;
}

// What goes out. Each gives whether the line should be put back into the composer.

async function sent(line, channel) {
  const what = line.startsWith("/") ? "slash" : "say";
  const done = await perform(what, { user: state.me, channel: channel.id, text: line });
  return what === "slash" && !done.delivered;
}

async function replied(line, parent) {
  if (line.startsWith("/")) {
    toast(`${line.split(" ")[0]} is not supported in threads. Mention @${page.bot().name} instead.`, "warn");
    return true;
  }
  await perform("say", { user: state.me, channel: parent.channel, text: line, thread_ts: parent.ts });
  return false;
}

function start(name) {
  stop();
  state.thread = null;
  state.unread.clear();
  forgetDrawn();
  stop = follow(name, (update) => receive[update.kind]?.(update), () => {
    state.lost = true;
    if (state.team) drawSidebar(at("sidebar"), page);
  });
}

at("conversation").addEventListener("pointerdown", (event) => {
  if (!event.target.closest(".menu-button")) page.showMenu(false);
});

const asked = new URLSearchParams(location.search);
if (asked.get("channel")) sessionStorage.setItem("open", asked.get("channel"));
start(asked.get("as") ?? sessionStorage.getItem("user") ?? "ada");
