// How times are written, everywhere on the page in the same way.

const time = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });
const timeWithSeconds = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });
const whole = new Intl.DateTimeFormat(undefined, { dateStyle: "long", timeStyle: "short" });
const longDay = new Intl.DateTimeFormat(undefined, {
  weekday: "long",
  day: "numeric",
  month: "long",
});
const shortDay = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });

function daysAgo(date) {
  const day = (d) => new Date(d.getFullYear(), d.getMonth(), d.getDate());
  return Math.round((day(new Date()) - day(date)) / 86400000);
}

export const timeOf = (date) => time.format(date);
export const timeWithSecondsOf = (date) => timeWithSeconds.format(date);
export const wholeTimeOf = (date) => whole.format(date);

export function dayName(date) {
  const ago = daysAgo(date);
  if (ago === 0) return "Today";
  if (ago === 1) return "Yesterday";
  return longDay.format(date);
}

// For a list: the time of today's dates, the day of earlier ones.
export function shortTimeOf(date) {
  return daysAgo(date) === 0 ? timeOf(date) : shortDay.format(date);
}
