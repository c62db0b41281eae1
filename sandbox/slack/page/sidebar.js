// The sidebar: channels, the app, the embedding program's buttons, and whom to act as.

import { avatar, fill, h, toast } from "./dom.js";
import { icon } from "./icons.js";

/** Draw the sidebar of `page`. */
export function drawSidebar(element, page) {
  const { state } = page;
  const channels = [...state.channels.values()];
  const apps = [...(state.hasHome || state.home ? [homeEntry(page)] : []), ...channels.filter((channel) => channel.is_im).map((channel) => entry(channel, page))];
  fill(element,
    h("header", {},
      h("img.avatar", { src: "/page/icon.svg", alt: "" }),
      h("div", {}, h("strong", {}, state.team.name), connection(state)),
      h("button.close", { type: "button", "aria-label": "Close menu", onclick: () => page.showMenu(false) }, icon("close"))),
    h("div.scroll", {},
      h("nav", { "aria-label": "Channels" },
        h("h2", {}, "Channels"),
        channels.filter((channel) => !channel.is_im).map((channel) => entry(channel, page))),
      apps.length > 0 && h("nav", { "aria-label": "Apps" }, h("h2", {}, "Apps"), apps),
      panel(page)),
    actor(page));
}

function connection(state) {
  const words = state.connected ? "Bot connected" : "No bot connected";
  return h("span.connection", { class: state.lost ? "off" : state.connected ? "on" : "off" }, state.lost ? "Reconnecting…" : words);
}

function homeEntry(page) {
  return h("button.entry", { type: "button", class: page.state.open === "home" ? "current" : "", onclick: () => page.open("home") },
    h("span.sign", {}, icon("home")), page.bot().name, h("small", {}, "Home"));
}

function entry(channel, page) {
  const unread = page.state.unread.get(channel.id) ?? 0;
  const classes = [channel.id === page.state.open && "current", unread && "unread"].filter(Boolean).join(" ");
  return h("button.entry", { type: "button", class: classes, onclick: () => page.open(channel.id) },
    h("span.sign", {}, icon(channel.is_im ? "mail" : channel.is_private ? "lock" : "channel")),
    channel.is_im ? page.bot().name : channel.name,
    channel.is_im && h("small", {}, "Messages"),
    unread > 0 && h("span.count", {}, unread));
}

function panel(page) {
  const { panel: buttons, panel_title: title } = page.state.front;
  if (!buttons.length) return null;
  const press = (button) => async (event) => {
    const pressed = event.currentTarget;
    pressed.classList.add("busy");
    const done = await page.pressPanel(button.label);
    pressed.classList.remove("busy");
    if (done.notice) toast(done.notice);
  };
  return h("section.panel", { "aria-label": title },
    h("h2", {}, title),
    buttons.map((button) => h("button", { type: "button", class: button.style, title: button.about, onclick: press(button) },
      button.style === "danger" && icon("power"), button.label, button.about && h("small", {}, button.about))));
}

function actor(page) {
  const me = page.state.users.get(page.state.me);
  const people = [...page.state.users.values()].filter((user) => !user.is_bot);
  return h("section.actor", { "aria-label": "Acting as" },
    h("h2", {}, "You act as"),
    h("div.people", {}, people.map((user) => h("button", {
      type: "button", class: user.id === me.id ? "current" : "", title: `${user.real_name}: ${user.about}`,
      "aria-pressed": String(user.id === me.id), onclick: () => page.actAs(user.name),
    }, avatar(user, "small"), h("span", {}, user.name)))),
    h("p", {}, h("b", {}, me.real_name), h("br"), me.about));
}
