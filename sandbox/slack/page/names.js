// Ids as people read them.

import { h } from "./dom.js";

/** Resolves ids within `state`. */
export function namesOf(state) {
  return {
    user(id) {
      const user = state.users.get(id);
      return h("span.mention", { class: id === state.me ? "me" : "", title: user?.real_name }, `@${user?.name ?? id}`);
    },
    channel(id, label) {
      return h("span.mention", {}, `#${state.channels.get(id)?.name ?? label ?? id}`);
    },
    group(id, label) {
      const group = state.groups.get(id);
      const mine = group?.users.includes(state.me);
      return h("span.mention", { class: mine ? "me" : "" }, group ? `@${group.handle}` : (label ?? id));
    },
    everybody: (range) => h("span.mention.me", { title: `Everybody in this channel${range === "here" ? " who is here" : ""}` }, `@${range}`),
    people: () => [...state.users.values()].filter((user) => !user.is_bot),
    channels: () => [...state.channels.values()].filter((channel) => !channel.is_im),
  };
}
