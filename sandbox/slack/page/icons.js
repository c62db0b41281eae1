// The page's own signs, drawn, so that they do not depend on the fonts of a machine.

const PATHS = {
  eye: "M2 12s3.6-6.5 10-6.5S22 12 22 12s-3.6 6.5-10 6.5S2 12 2 12z M12 9.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6z",
  people: "M9 11.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7z M2.5 19.5c.4-3.6 3-5.5 6.5-5.5s6.1 1.9 6.5 5.5 M16 5a3.2 3.2 0 0 1 0 6.2 M18 14.3c2 .7 3.3 2.4 3.6 5.2",
  reply: "M4 5.5h16v10.5H11l-4.5 4V16H4z",
  file: "M6 2.8h8l4.5 4.5v13.9H6z M14 2.8v4.5h4.5 M9 12h6.5 M9 15.5h6.5",
  power: "M12 3v8.5 M7 6.2a7.5 7.5 0 1 0 10 0",
  send: "M4.5 19.5l16-7.5-16-7.5 2.3 7.5z M6.8 12H13",
  menu: "M4 6.5h16 M4 12h16 M4 17.5h16",
  home: "M4 11l8-7 8 7 M6 9.5V20h12V9.5 M10 20v-5.5h4V20",
  lock: "M6 11h12v9H6z M8.5 11V8a3.5 3.5 0 0 1 7 0v3",
  mail: "M3.5 6h17v12.5h-17z M3.5 7l8.5 6.5L20.5 7",
  close: "M6 6l12 12 M18 6L6 18",
  download: "M12 4v11 M7.5 11l4.5 4.5 4.5-4.5 M5 20h14",
  channel: "M9.5 4L7.5 20 M16.5 4l-2 16 M4.5 9h16 M3.5 15h16",
  warning: "M12 3.5L2.5 20h19z M12 10v4.5 M12 17.2v.3",
};

/** A sign by name. */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}
