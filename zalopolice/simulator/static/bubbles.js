// Draws one message of a thread. Text only ever goes through textContent.

const TIME = new Intl.DateTimeFormat("vi-VN", { hour: "2-digit", minute: "2-digit", timeZone: "Asia/Ho_Chi_Minh" });
const DAY = new Intl.DateTimeFormat("vi-VN", { weekday: "long", day: "2-digit", month: "2-digit", year: "numeric", timeZone: "Asia/Ho_Chi_Minh" });
const CHOICE = /^\s*(\d{1,2})\s*[.):]\s+(\S.{0,70})$/;
const LINK = /(https?:\/\/[^\s<>"]+[^\s<>".,;:!?)])/g;
const CALLS = { "oa.open.phone": "tel", "oa.open.sms": "sms" };
const WORDS = { image: "Ảnh", file: "Tệp", audio: "Tin nhắn thoại", video: "Video", sticker: "Nhãn dán", location: "Vị trí", link: "Liên kết", gif: "Ảnh động", form: "Biểu mẫu", article: "Bài viết" };

export const timeOf = (ms) => TIME.format(ms);
export const dayOf = (ms) => DAY.format(ms);
export const preview = (message) => message.text.split("\n", 1)[0] || `[${WORDS[message.type] || message.type}]`;

export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(props)) {
    if (key === "class") node.className = value;
    else if (key.startsWith("data-") || key.startsWith("aria-") || key === "role") node.setAttribute(key, value);
    else node[key] = value;
  }
  node.append(...children);
  return node;
}

export function initials(name) {
  const words = name.split(/\s+/).filter(Boolean);
  return ((words.at(-2)?.[0] || "") + (words.at(-1)?.[0] || "")).toUpperCase();
}

function linked(text) {
  return text.split(LINK).map((part, index) =>
    index % 2 ? el("a", { href: part, target: "_blank", rel: "noopener noreferrer" }, part) : part);
}

// Lines "1. Báo tin" become buttons; two or more, rising, short: anything else is prose.
function choicesOf(text) {
  const found = text.split("\n").map((line) => line.match(CHOICE)).filter(Boolean);
  const rising = found.every((match, i) => i === 0 || Number(match[1]) > Number(found[i - 1][1]));
  return found.length >= 2 && rising ? found : [];
}

function choiceList(choices, act) {
  const box = el("div", { class: "choices" });
  for (const [, number, label] of choices) {
    box.append(el("button", { type: "button", "data-testid": "choice", "data-choice": number, onclick: () => act({ text: number }) }, `${number}. ${label}`));
  }
  return box;
}

// Paragraphs and choices in the order in which they were written.
function textParts(message, act) {
  const choosable = message.from === "oa" && choicesOf(message.text).length > 0;
  const runs = [];
  for (const line of message.text.split("\n")) {
    const choice = choosable ? line.match(CHOICE) : null;
    const last = runs.at(-1);
    if (last && Boolean(last.choices) === Boolean(choice)) (last.choices || last.lines).push(choice || line);
    else runs.push(choice ? { choices: [choice] } : { lines: [line] });
  }
  return runs.flatMap(({ choices, lines }) => choices
    ? [choiceList(choices, act)]
    : lines.join("\n").trim().split(/\n{2,}/).filter(Boolean).map((paragraph) => el("p", {}, ...linked(paragraph))));
}

function apiButtons(buttons, act) {
  const box = el("div", { class: "choices" });
  for (const button of buttons) {
    if (button.type === "oa.open.url") {
      box.append(el("a", { href: String(button.payload?.url || "#"), target: "_blank", rel: "noopener noreferrer" }, button.title));
    } else if (CALLS[button.type]) {
      const number = String(button.payload.phone_code);
      box.append(el("a", { href: `${CALLS[button.type]}:${number.length > 5 ? "+" : ""}${number}`, "data-testid": "call" }, button.title));
    } else {
      const hidden = button.type === "oa.query.hide";
      const query = button.type.startsWith("oa.query.");
      box.append(el("button", { type: "button", disabled: !query, onclick: () => act({ text: String(button.payload), hidden }) }, button.title));
    }
  }
  return box;
}

const SVG = "http://www.w3.org/2000/svg";
function svg(tag, attributes) {
  const node = document.createElementNS(SVG, tag);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  return node;
}

function map() {
  const picture = svg("svg", { viewBox: "0 0 236 120", "aria-hidden": "true" });
  picture.append(
    svg("rect", { width: 236, height: 120, fill: "#d9e6d2" }),
    svg("path", { d: "M-5 92C60 70 92 104 150 84s70-8 96-22v60H-5z", fill: "#a9cfe8" }),
    svg("path", { d: "M-5 30 110 66l132-40M84-6l30 136M176-6l-20 136", fill: "none", stroke: "#fff", "stroke-width": 9 }),
    svg("path", { d: "M14 62h44v18H14zM128 8h34v22h-34zM190 56h34v20h-34z", fill: "#c3cdb9" }),
    svg("path", { d: "M118 84c-16-20-22-29-22-39a22 22 0 0 1 44 0c0 10-6 19-22 39z", fill: "#e0342b" }),
    svg("circle", { cx: 118, cy: 45, r: 8, fill: "#fff" }));
  return picture;
}

function voice() {
  const box = el("div", { class: "voice" });
  for (const height of [8, 16, 24, 14, 28, 20, 10, 24, 30, 18, 12, 22, 14, 8]) {
    const bar = el("span");
    bar.style.height = `${height}px`;
    box.append(bar);
  }
  box.append(el("b", {}, "Tin nhắn thoại"));
  return box;
}

function photo(payload) {
  const local = (address) => new URL(address, location.origin).origin === location.origin;
  if (!payload.url || !local(payload.url)) return el("p", {}, ...linked(payload.url || "Ảnh"));
  const image = el("img", { src: payload.thumbnail || payload.url, alt: "Ảnh đã gửi", loading: "lazy" });
  return el("a", { class: "photo", href: payload.url, target: "_blank", "aria-label": "Mở ảnh" }, image);
}

// A broadcast on the phone: cover, title, a line; a tap opens the article over the chat.
function articleCard(payload, act) {
  const box = el("a", { class: "article", href: payload.link || "#", "data-testid": "article-card", onclick: (event) => { event.preventDefault(); act({ open: payload }); } });
  if (payload.cover) box.append(el("img", { src: payload.cover, alt: "" }));
  box.append(el("strong", {}, payload.title || ""));
  if (payload.description) box.append(el("span", {}, payload.description));
  return box;
}

function attachment(message, act) {
  const { type, payload } = message;
  if (type === "image" || type === "gif") return photo(payload);
  if (type === "sticker") return el("img", { class: "sticker", src: "/static/sticker.svg", alt: "Nhãn dán mặt cười" });
  if (type === "audio") return voice();
  if (type === "location") {
    const { latitude, longitude } = payload.coordinates || {};
    return el("div", { class: "place" }, map(), el("small", {}, `${latitude}, ${longitude}`));
  }
  if (type === "file" || type === "video") {
    const name = type === "video" ? "Video" : payload.name;
    const size = payload.size ? `${Math.max(1, Math.round(payload.size / 1024))} KB` : "";
    const kind = type === "video" ? "mp4" : payload.type || "tệp";
    return el("a", { class: "file", href: payload.url, target: "_blank" }, el("span", { class: "kind" }, kind), el("span", { class: "title" }, name), el("small", {}, size));
  }
  if (type === "link" || type === "business_card") return el("p", {}, ...linked(payload.url || ""));
  if (type === "article") return articleCard(payload, act);
  if (type === "form") return el("div", { class: "card" }, el("strong", {}, payload.title), payload.subtitle || "");
  if (type === "list") return el("div", { class: "card" }, ...payload.elements.flatMap((one) => [el("strong", {}, one.title), one.subtitle || ""]));
  return null;
}

// Delivery of the citizen's own message, in words as well as in marks.
export function ticks(delivery) {
  const { state, attempts, last_status: status } = delivery;
  const [mark, tone, words] =
    state === "delivered" ? ["sent", "ok", "Đã gửi"]
    : state === "pending" && attempts === 0 ? ["wait", "pending", "Đang gửi"]
    : state === "pending" ? ["wait", "pending", `Gửi lại lần ${attempts} (${status === "timeout" ? "quá giờ" : status === "refused" ? "mất kết nối" : status})`]
    : state === "no_grant" ? ["fail", "bad", "OA chưa cấp quyền cho cổng"]
    : ["fail", "bad", "Cổng không nhận được"];
  return el("span", { class: `ticks ${tone}`, "data-delivery": state, "data-testid": "delivery" }, el("span", { class: `tick ${mark}`, "aria-hidden": "true" }), el("span", { class: "word" }, words));
}

export function bubble(message, { first, act, oaName, fresh }) {
  const mine = message.from === "citizen";
  const bare = message.type === "sticker";
  const box = el("div", { class: `bubble${bare ? " bare" : ""}${fresh ? " new" : ""}`, "data-testid": mine ? "bubble-out" : "bubble-in", "data-msg-id": message.msg_id });
  box.append(el("span", { class: "sr" }, mine ? "Bạn: " : `${oaName}: `));
  if (message.quote) box.append(el("div", { class: "quote" }, message.quote_text || "Tin nhắn"));
  if (message.type !== "text") box.append(attachment(message, act) || "");
  if (message.type !== "article") box.append(...textParts(message, act));
  if (message.payload.buttons) box.append(apiButtons(message.payload.buttons, act));
  const foot = el("div", { class: "foot" }, el("time", {}, timeOf(message.at)));
  if (mine) foot.append(ticks(message.delivery));
  box.append(foot);
  const item = el("div", { class: `msg ${mine ? "out" : "in"}${first ? " first" : ""}` });
  if (!mine) item.append(el("span", { class: "avatar", "aria-hidden": "true" }, initials(oaName)));
  item.append(box);
  return item;
}
