// Slack's mrkdwn as nodes: *bold*, _italic_, ~strike~, `code`, fences, quotes, links, mentions, dates, emoji.

import { h } from "./dom.js";
import { emoji } from "./emoji.js";

const INLINE = new RegExp(
  [
    "`([^`\\n]+)`",
    "<([^<>\\n]+)>",
    "(?<![\\w*])\\*(?=\\S)([^*\\n]*[^*\\s])\\*(?![\\w*])",
    "(?<![\\w_])_(?=\\S)([^_\\n]*[^_\\s])_(?![\\w_])",
    "(?<![\\w~])~(?=\\S)([^~\\n]*[^~\\s])~(?![\\w~])",
    ":([a-z0-9_+'-]+(?:::skin-tone-\\d)?):",
  ].join("|"),
  "g",
);

/** Undo Slack's escaping of `& < >`. */
export function unescape(text) {
  return text.replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&");
}

/** mrkdwn as a list of nodes; `names` resolves ids (see names.js). */
export function mrkdwn(text, names) {
  return text.split(/```\n?([\s\S]*?)\n?```/g).flatMap((piece, position) => {
    if (position % 2) return h("pre.code", {}, unescape(piece));
    return lines(piece, names);
  });
}

function lines(text, names) {
  const nodes = [];
  let quote = null;
  text.split("\n").forEach((line, position, all) => {
    const quoted = /^(&gt;|>) ?/.exec(line);
    if (quoted) {
      if (!quote) nodes.push((quote = h("blockquote")));
      else quote.append(h("br"));
      quote.append(...inline(line.slice(quoted[0].length), names));
      return;
    }
    const afterQuote = quote !== null;
    quote = null;
    if (position && !afterQuote) nodes.push(h("br"));
    nodes.push(...inline(line, names));
    if (all.length === 1 && !line) nodes.pop();
  });
  return nodes;
}

function inline(text, names) {
  const nodes = [];
  let last = 0;
  for (const match of text.matchAll(INLINE)) {
    const [whole, code, reference, bold, italic, strike, name] = match;
    if (match.index > last) nodes.push(unescape(text.slice(last, match.index)));
    last = match.index + whole.length;
    if (code !== undefined) nodes.push(h("code", {}, unescape(code)));
    else if (reference !== undefined) nodes.push(referenced(reference, names));
    else if (bold !== undefined) nodes.push(h("strong", {}, inline(bold, names)));
    else if (italic !== undefined) nodes.push(h("em", {}, inline(italic, names)));
    else if (strike !== undefined) nodes.push(h("s", {}, inline(strike, names)));
    else nodes.push(named(name, whole));
  }
  if (last < text.length) nodes.push(unescape(text.slice(last)));
  return nodes;
}

/** An emoji by its name; the text it came as where it is unknown. */
export function named(name, whole = `:${name}:`) {
  const character = emoji(name);
  return character ? h("span.emoji", { title: `:${name}:`, role: "img", "aria-label": name.replaceAll("_", " ") }, character) : whole;
}

function referenced(reference, names) {
  const [target, label] = split(reference);
  if (target.startsWith("@")) return names.user(target.slice(1));
  if (target.startsWith("#")) return names.channel(target.slice(1), label);
  if (target.startsWith("!date^")) return date(target, label);
  if (target.startsWith("!subteam^")) return names.group(target.slice(9), label);
  if (target.startsWith("!")) return names.everybody(target.slice(1));
  return link(unescape(target), unescape(label ?? target));
}

function split(reference) {
  const bar = reference.indexOf("|");
  return bar < 0 ? [reference, undefined] : [reference.slice(0, bar), reference.slice(bar + 1)];
}

/** A link, where it is one that a browser may open. */
export function link(url, label = url) {
  if (!/^(https?|mailto|tel):/.test(url)) return label;
  return h("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, label);
}

function date(target, fallback) {
  const [, seconds, format] = target.split("^");
  return shownDate(Number(seconds), format, fallback);
}

/** Slack's date formats, in the reader's own time zone. */
export function shownDate(seconds, format, fallback) {
  const when = new Date(seconds * 1000);
  if (Number.isNaN(when.getTime())) return fallback ?? "";
  const day = when.toLocaleDateString(undefined, { month: "long", day: "numeric", year: "numeric" });
  const short = when.toLocaleDateString(undefined, { month: "short", day: "numeric" });
  const today = when.toDateString() === new Date().toDateString();
  const parts = {
    date: day, date_num: when.toISOString().slice(0, 10), date_short: short, date_long: day,
    date_pretty: today ? "today" : day, date_short_pretty: today ? "today" : short, date_long_pretty: today ? "today" : day,
    time: when.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" }), time_secs: when.toLocaleTimeString(),
    ago: `${Math.max(0, Math.round((Date.now() - when) / 60000))} minutes ago`,
  };
  const words = (format ?? "{date} {time}").replace(/\{(\w+)\}/g, (whole, key) => parts[key] ?? whole);
  return h("time", { datetime: when.toISOString(), title: when.toLocaleString() }, words);
}
