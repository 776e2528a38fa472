// The phone screen: picks a thread, polls it, sends. Everything comes from this simulator.
import { bubble, dayOf, el, initials, preview, ticks, timeOf } from "./bubbles.js";

const $ = (id) => document.getElementById(id);
const POLL_MS = 700;
const SAMPLES = { rac: "Rác đổ trộm ven kênh", xe: "Xe máy lạ đầu hẻm", "cot-dien": "Cột điện nghiêng" };
const PLACES = [["Chợ xã", 16.0471, 108.2068], ["Đình làng", 16.0605, 108.214], ["Cầu Bàu Tràm", 16.0339, 108.2212]];
const view = { world: null, oa: "", citizen: "", after: 0, last: null, rows: new Map(), turn: 0, threads: [], readSeq: 0, stick: true };

async function ask(path, body) {
  const options = body ? { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) } : {};
  const response = await fetch(path, options);
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error || `Lỗi ${response.status}`);
  return answer;
}

const thread = () => ({ oa_id: view.oa, citizen: view.citizen });
const oaName = () => view.world.oas.find((oa) => oa.oa_id === view.oa)?.name || "";

const FACES = ["#2f6fb3", "#8a4fa3", "#b0533a", "#2e7d5b", "#a33f63", "#5b6b1f", "#3c5a99", "#8c6214"];
const faceOf = (key) => FACES[view.world.citizens.findIndex((person) => person.key === key) % FACES.length];

// -- choosing -------------------------------------------------------------------------------------

function fillPickers() {
  const unread = (match) => view.threads.filter(match).reduce((sum, row) => sum + row.unread, 0);
  const label = (name, count) => (count ? `${name} · ${count} mới` : name);
  fill($("oa"), view.world.oas.map((oa) => [oa.oa_id, label(oa.name, unread((row) => row.oa_id === oa.oa_id))]), view.oa);
  const here = (key) => unread((row) => row.oa_id === view.oa && row.citizen === key);
  fill($("citizen"), view.world.citizens.map((person) => [person.key, label(person.name, here(person.key))]), view.citizen);
}

function fill(select, options, value) {
  if (document.activeElement === select && select.options.length === options.length) return;
  const same = select.options.length === options.length && options.every(([, text], i) => select.options[i].text === text);
  if (!same) select.replaceChildren(...options.map(([key, text]) => el("option", { value: key }, text)));
  select.value = value;
}

function drawPeople() {
  const rows = new Map(view.threads.filter((row) => row.oa_id === view.oa).map((row) => [row.citizen, row]));
  const known = view.world.citizens.filter((person) => rows.has(person.key));
  known.sort((a, b) => rows.get(b.key).seq - rows.get(a.key).seq);
  const others = view.world.citizens.filter((person) => !rows.has(person.key));
  const shown = [...known, ...others].slice(0, 60);
  const signature = JSON.stringify([view.oa, view.citizen, shown.map(({ key }) => [key, rows.get(key)?.seq, rows.get(key)?.unread])]);
  if ($("people").dataset.signature === signature) return;
  $("people").dataset.signature = signature;
  const focused = document.activeElement?.dataset?.citizen;
  $("people").replaceChildren(...shown.map((person) => personRow(person, rows.get(person.key))));
  if (focused) $("people").querySelector(`[data-citizen="${CSS.escape(focused)}"]`)?.focus();
}

function personRow(person, row) {
  const face = el("span", { class: "avatar", "aria-hidden": "true" }, initials(person.name));
  face.style.setProperty("--face", faceOf(person.key));
  const last = row ? `${row.from === "citizen" ? "Bạn: " : ""}${preview(row)}` : "Chưa nhắn tin";
  const button = el("button", { type: "button", "data-citizen": person.key, "data-testid": "citizen-item", onclick: () => open(view.oa, person.key) },
    face, el("span", { class: "name" }, person.name));
  button.append(row?.unread ? el("span", { class: "badge" }, String(row.unread), el("span", { class: "sr" }, " tin chưa đọc")) : el("span"));
  button.append(el("span", { class: "last" }, last));
  if (person.key === view.citizen) button.setAttribute("aria-current", "true");
  return el("li", {}, button);
}

function open(oa, citizen) {
  Object.assign(view, { oa, citizen, after: 0, last: null, rows: new Map(), turn: view.turn + 1, readSeq: 0, stick: true });
  $("log").replaceChildren();
  $("send-error").hidden = $("jump").hidden = true;
  const name = oaName();
  $("oa-name").textContent = $("start-name").textContent = name;
  $("oa-avatar").textContent = $("start-avatar").textContent = initials(name);
  $("training").hidden = !view.world.oas.find((item) => item.oa_id === oa)?.training;
  history.replaceState(null, "", `?${new URLSearchParams({ oa, citizen })}`);
  fillPickers();
  drawPeople();
  return poll();
}

// -- reading --------------------------------------------------------------------------------------

async function poll() {
  const turn = view.turn;
  try {
    const answer = await ask(`/sim/chat?${new URLSearchParams({ ...thread(), after: view.after })}`);
    if (turn !== view.turn) return;
    $("offline").hidden = true;
    draw(answer);
  } catch {
    $("offline").hidden = false;
  }
}

function draw(answer) {
  const opening = view.last === null;
  const added = answer.messages.filter((message) => !message.hidden && place(message, !opening));
  const open = answer.messages.filter((m) => m.delivery?.state === "pending").map((m) => m.seq);
  const newest = answer.messages.at(-1)?.seq ?? view.after;
  view.after = open.length ? Math.min(...open) - 1 : Math.max(view.after, newest);
  $("start").hidden = answer.started || view.rows.size > 0;
  drawState(answer);
  if (added.at(-1)?.from === "citizen") view.stick = true;
  if (view.stick) toEnd();
  else if (added.some((message) => message.from === "oa")) $("jump").hidden = false;
  markRead(answer, newest);
}

function toEnd() {
  $("scroll").scrollTop = $("scroll").scrollHeight;
  $("jump").hidden = true;
}

function place(message, fresh) {
  const known = view.rows.get(message.seq);
  if (known) {
    const old = known.querySelector(".ticks");
    const next = message.delivery && ticks(message.delivery);
    if (old && next && old.textContent !== next.textContent) old.replaceWith(next);
    return false;
  }
  const day = dayOf(message.at);
  if (view.last?.day !== day) $("log").append(el("div", { class: "day" }, day));
  const first = view.last?.day !== day || view.last.from !== message.from;
  const item = bubble(message, { first, act: sendBody, oaName: oaName(), fresh });
  $("log").append(item);
  view.rows.set(message.seq, item);
  view.last = { day, from: message.from };
  return true;
}

function drawState({ following, now, webhook }) {
  $("follow").setAttribute("aria-pressed", String(following));
  $("follow").textContent = following ? "Đã quan tâm" : "Quan tâm";
  $("hook-off").hidden = webhook;
  $("hook-state").textContent = webhook ? "đang bật" : "đã tắt";
  $("hook-state").classList.toggle("off", !webhook);
  $("status-time").textContent = timeOf(now);
  $("virtual-time").textContent = `${timeOf(now)}, ${dayOf(now)}`;
}

function markRead(answer, newest) {
  const unread = answer.messages.some((message) => message.from === "oa" && message.seq > Math.max(answer.read_seq, view.readSeq));
  if (!unread || document.hidden) return;
  view.readSeq = newest;
  ask("/sim/read", { ...thread(), seq: newest }).then(refreshThreads).catch(() => {});
}

async function refreshThreads() {
  view.threads = (await ask("/sim/threads")).threads;
  if (view.threads.some((row) => !view.world.citizens.some((person) => person.key === row.citizen))) view.world = await ask("/sim/state");
  fillPickers();
  drawPeople();
}

// -- sending --------------------------------------------------------------------------------------

function readArticle(payload) {
  $("reader-title").textContent = payload.title;
  $("reader-page").src = payload.link;
  $("reader").hidden = false;
  $("reader-close").focus();
}

async function sendBody(body) {
  if (body.open) return readArticle(body.open);
  $("send-error").hidden = true;
  try {
    await ask("/sim/send", { ...thread(), ...body });
  } catch (error) {
    $("send-error").textContent = `Chưa gửi được: ${error.message}`;
    $("send-error").hidden = false;
    return false;
  }
  toggleSheet(false);
  await poll();
  refreshThreads().catch(() => {});
  return true;
}

async function sendText(event) {
  event?.preventDefault();
  const box = $("composer");
  const text = box.value.trim();
  if (!text) return;
  box.value = "";
  grow();
  if (!(await sendBody({ text })) && !box.value) box.value = text;
  grow();
}

function base64(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result).split(",")[1] || "");
    reader.onerror = () => reject(new Error("không đọc được tệp"));
    reader.readAsDataURL(file);
  });
}

async function sendPicked(input, key) {
  for (const file of input.files) await sendBody({ [key]: await base64(file), name: file.name });
  input.value = "";
}

function grow() {
  const box = $("composer");
  box.style.height = "auto";
  box.style.height = `${Math.min(box.scrollHeight, 132)}px`;
  $("send").disabled = !box.value.trim();
}

function toggleSheet(show = $("sheet").hidden) {
  $("sheet").hidden = !show;
  $("more").setAttribute("aria-expanded", String(show));
}

// -- wiring ---------------------------------------------------------------------------------------

function wire() {
  $("form").addEventListener("submit", sendText);
  $("composer").addEventListener("input", grow);
  $("composer").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) sendText(event);
  });
  $("more").addEventListener("click", () => toggleSheet());
  $("photo").addEventListener("change", () => sendPicked($("photo"), "image_base64"));
  $("file-input").addEventListener("change", () => sendPicked($("file-input"), "file_base64"));
  $("oa").addEventListener("change", () => open($("oa").value, view.citizen));
  $("citizen").addEventListener("change", () => open(view.oa, $("citizen").value));
  $("follow").addEventListener("click", () => sendBody({ kind: $("follow").getAttribute("aria-pressed") === "true" ? "unfollow" : "follow" }));
  $("chatnow").addEventListener("click", () => sendBody({ kind: "chatnow" }).then(() => $("composer").focus()));
  $("jump").addEventListener("click", toEnd);
  $("reader-close").addEventListener("click", () => { $("reader").hidden = true; $("reader-page").src = "about:blank"; });
  $("scroll").addEventListener("scroll", () => {
    const { scrollHeight, scrollTop, clientHeight } = $("scroll");
    view.stick = scrollHeight - scrollTop - clientHeight < 90;
    if (view.stick) $("jump").hidden = true;
  });
  // Photos grow the log after it was scrolled to its end.
  const follow = new ResizeObserver(() => view.stick && toEnd());
  follow.observe($("log"));
  follow.observe($("scroll"));
  $("hook-on").addEventListener("click", enableWebhook);
  $("coords").addEventListener("submit", sendCoordinates);
  $("add-citizen").addEventListener("submit", addCitizen);
  for (const button of document.querySelectorAll("[data-kind]")) button.addEventListener("click", () => sendBody({ kind: button.dataset.kind }));
  for (const [key, title] of Object.entries(SAMPLES)) {
    $("samples").append(el("button", { type: "button", "data-testid": `sample-${key}`, onclick: () => sendBody({ sample: key }) },
      el("img", { src: `/samples/${key}`, alt: "" }), title));
  }
  for (const [name, latitude, longitude] of PLACES) {
    $("places").append(el("button", { type: "button", class: "chip", "data-testid": "place", onclick: () => sendBody({ kind: "location", text: name, latitude, longitude }) }, name));
  }
}

function sendCoordinates(event) {
  event.preventDefault();
  const data = new FormData(event.target);
  const number = (name) => String(data.get(name)).replace(",", ".");
  sendBody({ kind: "location", latitude: number("latitude"), longitude: number("longitude") });
}

async function enableWebhook() {
  const app = view.world.oas.find((oa) => oa.oa_id === view.oa).app_id;
  const answer = await ask("/sim/webhook", { app_id: app, enabled: true }).catch((error) => ({ error: error.message }));
  if (!answer.enabled) {
    $("send-error").textContent = "Cổng chưa trả lời 200, nên chưa bật lại được.";
    $("send-error").hidden = false;
  }
  poll();
}

async function addCitizen(event) {
  event.preventDefault();
  const input = $("new-name");
  const added = await ask("/sim/citizens", { name: input.value }).catch(() => null);
  if (!added) return;
  input.value = "";
  event.target.closest("details").open = false;
  view.world = await ask("/sim/state");
  await open(view.oa, added.citizen);
  $("composer").focus();
}

async function start() {
  wire();
  grow();
  while (!view.world) {
    view.world = await ask("/sim/state").catch(() => null);
    $("offline").hidden = Boolean(view.world);
    if (!view.world) await new Promise((resolve) => setTimeout(resolve, 1500));
  }
  const wish = new URLSearchParams(location.search);
  const oa = view.world.oas.find((item) => item.oa_id === wish.get("oa")) || view.world.oas[0];
  const citizen = view.world.citizens.find((item) => item.key === wish.get("citizen")) || view.world.citizens[0];
  await refreshThreads().catch(() => {});
  await open(oa.oa_id, citizen.key);
  let round = 0;
  setInterval(() => {
    round += 1;
    if (document.hidden && round % 5) return;
    poll();
    if (round % 3 === 0) refreshThreads().catch(() => {});
  }, POLL_MS);
}

start();
