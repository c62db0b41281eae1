// The emoji a bot is likely to send, by Slack's names. Others show as their :name:.

const NAMED = {
  white_check_mark: "✅", heavy_check_mark: "✔️", ballot_box_with_check: "☑️", x: "❌", negative_squared_cross_mark: "❎",
  warning: "⚠️", no_entry: "⛔", no_entry_sign: "🚫", octagonal_sign: "🛑", rotating_light: "🚨", fire: "🔥", boom: "💥",
  exclamation: "❗", heavy_exclamation_mark: "❗", bangbang: "‼️", grey_exclamation: "❕", question: "❓", grey_question: "❔",
  information_source: "ℹ️", bulb: "💡", mag: "🔍", mag_right: "🔎", eyes: "👀", bell: "🔔", no_bell: "🔕", mute: "🔇",
  red_circle: "🔴", large_orange_circle: "🟠", large_yellow_circle: "🟡", large_green_circle: "🟢", large_blue_circle: "🔵",
  large_purple_circle: "🟣", large_brown_circle: "🟤", black_circle: "⚫", white_circle: "⚪", radio_button: "🔘",
  red_square: "🟥", large_red_square: "🟥", large_orange_square: "🟧", large_yellow_square: "🟨", large_green_square: "🟩",
  large_blue_square: "🟦", black_large_square: "⬛", white_large_square: "⬜", small_red_triangle: "🔺", large_blue_diamond: "🔷",
  small_blue_diamond: "🔹", small_orange_diamond: "🔸", diamond_shape_with_a_dot_inside: "💠",
  hourglass: "⌛", hourglass_flowing_sand: "⏳", stopwatch: "⏱️", timer_clock: "⏲️", alarm_clock: "⏰", clock1: "🕐", clock3: "🕒",
  calendar: "📅", date: "📅", spiral_calendar_pad: "🗓️", arrows_counterclockwise: "🔄", arrows_clockwise: "🔃", repeat: "🔁",
  arrow_right: "➡️", arrow_left: "⬅️", arrow_up: "⬆️", arrow_down: "⬇️", arrow_forward: "▶️", arrow_heading_down: "⤵️",
  leftwards_arrow_with_hook: "↩️", arrow_right_hook: "↪️", left_right_arrow: "↔️", twisted_rightwards_arrows: "🔀",
  double_vertical_bar: "⏸️", black_square_for_stop: "⏹️", fast_forward: "⏩", rewind: "⏪", black_right_pointing_double_triangle_with_vertical_bar: "⏭️",
  lock: "🔒", unlock: "🔓", key: "🔑", closed_lock_with_key: "🔐", shield: "🛡️", gear: "⚙️", wrench: "🔧", hammer: "🔨",
  hammer_and_wrench: "🛠️", tools: "🛠️", toolbox: "🧰", nut_and_bolt: "🔩", link: "🔗", broken_chain: "⛓️‍💥", chains: "⛓️", electric_plug: "🔌",
  zap: "⚡", satellite: "🛰️", satellite_antenna: "📡", globe_with_meridians: "🌐", computer: "💻", desktop_computer: "🖥️",
  floppy_disk: "💾", file_cabinet: "🗄️", package: "📦", clipboard: "📋", memo: "📝", pencil: "✏️", pencil2: "✏️", page_facing_up: "📄",
  scroll: "📜", bar_chart: "📊", frame_with_picture: "🖼️", chart_with_upwards_trend: "📈", chart_with_downwards_trend: "📉", open_file_folder: "📂",
  file_folder: "📁", paperclip: "📎", pushpin: "📌", round_pushpin: "📍", bookmark: "🔖", label: "🏷️", inbox_tray: "📥", outbox_tray: "📤",
  speech_balloon: "💬", thought_balloon: "💭", loudspeaker: "📢", mega: "📣", email: "📧", robot_face: "🤖", ghost: "👻", skull: "💀",
  ambulance: "🚑", hospital: "🏥", adhesive_bandage: "🩹", stethoscope: "🩺", syringe: "💉", bug: "🐛", broom: "🧹", recycle: "♻️",
  construction: "🚧", traffic_light: "🚦", vertical_traffic_light: "🚦", checkered_flag: "🏁", triangular_flag_on_post: "🚩",
  rocket: "🚀", sparkles: "✨", star: "⭐", tada: "🎉", trophy: "🏆", dart: "🎯", muscle: "💪", wave: "👋", "+1": "👍", thumbsup: "👍",
  "-1": "👎", thumbsdown: "👎", ok_hand: "👌", raised_hand: "✋", hand: "✋", point_right: "👉", point_down: "👇", pray: "🙏", clap: "👏",
  smile: "😄", slightly_smiling_face: "🙂", thinking_face: "🤔", neutral_face: "😐", disappointed: "😞", sleeping: "😴", zzz: "💤",
  heart: "❤️", green_heart: "💚", broken_heart: "💔", heartbeat: "💓", bust_in_silhouette: "👤", busts_in_silhouette: "👥",
  technologist: "🧑‍💻", crown: "👑", anchor: "⚓", balance_scale: "⚖️", scales: "⚖️", scissors: "✂️", wastebasket: "🗑️", heavy_plus_sign: "➕",
  heavy_minus_sign: "➖", heavy_multiplication_x: "✖️", seedling: "🌱", sunny: "☀️", cloud: "☁️", crescent_moon: "🌙", night_with_stars: "🌃",
  handshake: "🤝", passport_control: "🛂", customs: "🛃", id: "🆔", new: "🆕", ok: "🆗", sos: "🆘", vs: "🆚", 100: "💯", crossed_swords: "⚔️",
};

/** The character for a name, or null. */
export function emoji(name) {
  return NAMED[name.split("::")[0]] ?? null;
}
