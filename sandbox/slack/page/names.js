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
      return h("span.mention", {}, group ? `@${group.handle}` : (label ?? id));
    },
    people: () => [...state.users.values()].filter((user) => !user.is_bot),
    channels: () => [...state.channels.values()].filter((channel) => !channel.is_im),
  };
}
