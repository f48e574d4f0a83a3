// Shows moments as the reader's clock has them, in the page's language.

const tag = document.documentElement.lang === "en" ? "en-GB" : document.documentElement.lang;
const units = document.body.dataset.units.split(" ");
const short = new Intl.DateTimeFormat(tag, { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
const dated = new Intl.DateTimeFormat(tag, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hour12: false });
const minute = new Intl.DateTimeFormat(tag, { hour: "2-digit", minute: "2-digit", hour12: false });
const day = new Intl.DateTimeFormat(tag, { day: "numeric", month: "short" });
const full = new Intl.DateTimeFormat(tag, { dateStyle: "full", timeStyle: "long" });
let ahead = 0; // how far the service's clock is ahead of ours, in milliseconds

const now = () => Date.now() + ahead;

export function setNow(moment) {
  ahead = moment - Date.now();
}

export function clock(moment) {
  return (Math.abs(now() - moment) < 86_400_000 ? short : dated).format(moment);
}

export function span(milliseconds) {
  let left = Math.max(0, Math.floor(milliseconds / 1000));
  if (left < 60) return `${left}${units[3]}`;
  const parts = [];
  for (const [unit, size] of [[units[0], 86_400], [units[1], 3_600], [units[2], 60]]) {
    parts.push([Math.floor(left / size), unit]);
    left %= size;
  }
  const first = parts.findIndex(([amount]) => amount > 0);
  return parts.slice(first, first + 2).filter(([amount]) => amount > 0).map((part) => part.join("")).join(" ");
}

// How a moment is shown, by the attribute `data-as`.
const forms = {
  clock,
  span: (moment) => span(now() - moment),
  minute: (moment) => minute.format(moment),
  day: (moment) => day.format(moment),
};

export function put(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function showTimes() {
  for (const element of document.querySelectorAll("[data-as]")) {
    const moment = new Date(element.dateTime ?? element.dataset.at);
    put(element, forms[element.dataset.as](moment));
    if (element.dateTime) element.title = full.format(moment);
  }
}

export function showZone() {
  const zone = document.getElementById("zone");
  put(zone, zone.dataset.zone.replace("{zone}", Intl.DateTimeFormat().resolvedOptions().timeZone));
}
