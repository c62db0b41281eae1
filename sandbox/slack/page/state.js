// What this page knows of the workspace: one person's view of it.

export const state = {
  me: null, open: null, thread: null, lost: false, connected: 0, users: new Map(), channels: new Map(), groups: new Map(),
  messages: new Map(), unread: new Map(), drafts: new Map(), hasHome: false, views: [], home: null,
  front: { banner: "", hints: [], panel: [], panel_title: "", guide: [], farewell: "" },
};

/** Remember a message, or its newer version; whether it is new. */
export function keep(message) {
  if (!state.messages.has(message.channel)) state.messages.set(message.channel, new Map());
  const known = state.messages.get(message.channel).has(message.ts);
  state.messages.get(message.channel).set(message.ts, message);
  countReplies(message.channel, message.thread_ts ?? message.ts);
  return !known;
}

/** Forget a message; which it was. */
export function forget(channel, ts) {
  const gone = state.messages.get(channel)?.get(ts);
  state.messages.get(channel)?.delete(ts);
  if (gone?.thread_ts) countReplies(channel, gone.thread_ts);
  return gone;
}

/** The messages of a channel, oldest first, replies included. */
export function inChannel(channel) {
  return [...(state.messages.get(channel)?.values() ?? [])].sort((a, b) => Number(a.ts) - Number(b.ts));
}

/** The replies below a message, oldest first. */
export function inThread(channel, ts) {
  return inChannel(channel).filter((message) => message.thread_ts === ts);
}

/** A reply changes its parent's summary, which the workspace does not send again. */
function countReplies(channel, ts) {
  const parent = state.messages.get(channel)?.get(ts);
  if (!parent) return;
  const replies = inThread(channel, ts).filter((message) => !message.only_you);
  parent.reply_count = replies.length;
  parent.reply_users = [...new Set(replies.map((reply) => reply.user))];
  parent.latest_reply = replies.at(-1)?.ts;
}

/** A map of entries by their id. */
export function byId(entries) {
  return new Map(entries.map((entry) => [entry.id, entry]));
}
