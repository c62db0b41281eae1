// The page: keeps one person's view of the workspace up to date, and does what they do in it.

import { confirmed } from "./confirm.js";
import { drawConversation, drawMessages, focusComposer } from "./conversation.js";
import { toast } from "./dom.js";
import { drawGuide, restartGuide } from "./guide.js";
import { follow, perform } from "./live.js";
import { forgetDrawn } from "./messages.js";
import { showModal } from "./modal.js";
import { namesOf } from "./names.js";
import { drawSidebar } from "./sidebar.js";
import { byId, forget, keep, state } from "./state.js";
import { drawThread } from "./thread.js";

const fresh = new Set();
const at = (id) => document.getElementById(id);
let stop = () => {};

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
    focusComposer();
  },
  openThread(ts) {
    state.thread = ts;
    drawThread(page);
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
  redraw: () => drawAll(),
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

const receive = {
  everything(update) {
    Object.assign(state, {
      me: update.me, team: update.team, bot: update.bot, commands: update.commands, connected: update.connected,
      hasHome: update.has_home, views: update.views, home: update.home, front: update.front, lost: false,
    });
    state.users = byId(update.users);
    state.groups = byId(update.groups);
    state.channels = byId(update.channels);
    state.messages.clear();
    update.messages.forEach(keep);
    restartGuide();
    const wanted = sessionStorage.getItem("open");
    if (wanted !== "home" && !state.channels.has(wanted)) sessionStorage.setItem("open", update.channels[0]?.id);
    state.open = sessionStorage.getItem("open");
    drawAll();
    showModal(state.views, page);
  },
  group(update) {
    state.groups = byId(update.groups);
  },
  message({ message }) {
    if (keep(message)) arrived(message);
    drawGuide(page);
    if (message.channel === state.open) {
      drawMessages(page);
      drawThread(page);
    }
  },
  message_deleted({ channel, ts }) {
    forget(channel, ts);
    if (channel !== state.open) return;
    drawMessages(page);
    drawThread(page);
  },
  views(update) {
    state.views = update.views;
    state.home = update.home;
    showModal(state.views, page);
    if (state.open === "home") drawConversation(page);
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
  drawConversation(page);
  drawThread(page);
  entitle();
}

function entitle() {
  const unread = [...state.unread.values()].reduce((sum, count) => sum + count, 0);
  const place = state.open === "home" ? page.bot().name : `#${state.channels.get(state.open)?.name ?? ""}`;
  document.title = `${unread ? `(${unread}) ` : ""}${place} · ${state.team.name}`;
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
