// Draws the messages of one room, and keeps the scroll position.

import { drawAvatar, element, hueOf } from "./sidebar.js";
import { dayName, timeOf, wholeTimeOf } from "./times.js";

const TOGETHER = 5 * 60 * 1000;  // messages of one author within this time share a header
const STATE_LABELS = {
  sending: "Sending",
  failed: "Not sent",
  sent: "Sent",
  delivered: "Delivered",
};

const scroller = document.getElementById("scroller");
const log = document.getElementById("log");
const jump = document.getElementById("jump");
const template = document.getElementById("message-template");

export class Log {
  constructor({ you, onRetry, onOlder, onSeen }) {
    this.you = you;
    this.room = null;
    this.nodes = new Map(); // key -> element, so that a message keeps its element
    log.addEventListener("click", (event) => {
      const retry = event.target.closest(".retry");
      if (retry) onRetry(retry.closest(".message").dataset.clientId);
    });
    // The log follows its end until the reader scrolls up. What is added below is no scrolling.
    let top = 0;
    scroller.addEventListener("scroll", () => {
      if (this.isAtEnd()) this.follows = true;
      else if (scroller.scrollTop < top) this.follows = false;
      top = scroller.scrollTop;
      if (this.isAtEnd()) jump.hidden = true;
      if (scroller.scrollTop < 120 && this.room?.more) onOlder(this.room);
    });
    jump.addEventListener("click", () => this.toEnd());
    // The log grows when its images are loaded.
    let height = 0;
    new ResizeObserver(() => {
      const grown = log.offsetHeight - height;
      height = log.offsetHeight;
      if (this.follows && grown > 0) this.toEnd();
    }).observe(log);
    document.addEventListener("visibilitychange", onSeen);
  }

  show(room) {
    this.room = room;
    this.nodes.clear();
    log.replaceChildren();
    jump.hidden = true;
    this.draw();
    this.toEnd();
  }

  // Called after the room's messages or receipts have changed.
  draw() {
    const atEnd = this.follows || this.isAtEnd();
    const fromEnd = scroller.scrollHeight - scroller.scrollTop;
    const first = log.querySelector(".message")?.dataset.key;
    this.reconcile(this.wanted());
    if (atEnd) {
      this.toEnd();
    } else if (first && log.querySelector(".message")?.dataset.key !== first) {
      // Older messages were inserted above: keep the visible messages in place.
      scroller.scrollTop = scroller.scrollHeight - fromEnd;
    }
  }

  announceNew() {
    if (!this.isAtEnd()) jump.hidden = false;
  }

  isAtEnd() {
    return scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 80;
  }

  toEnd() {
    this.follows = true;
    jump.hidden = true;
    scroller.scrollTop = scroller.scrollHeight;
  }

  // The elements that should be in the log, in order.
  wanted() {
    const nodes = [];
    const messages = this.room.messages;
    if (this.room.loaded && messages.length === 0) {
      nodes.push(this.node("empty", () => element("p", "empty", "No messages yet. Say something!")));
    }
    let day = "";
    messages.forEach((message, index) => {
      const sentAt = new Date(message.sent_at);
      const name = dayName(sentAt);
      if (name !== day) nodes.push(this.node(`day ${name}`, () => element("div", "day", name)));
      const follows = name === day && belongTogether(messages[index - 1], message);
      const next = messages[index + 1];
      const followed =
        next && dayName(new Date(next.sent_at)) === name && belongTogether(message, next);
      day = name;
      const key = `${message.author}/${message.client_id}`;
      const node = this.node(key, () => this.make(message, key));
      this.refresh(node, message, sentAt);
      node.classList.toggle("follows", follows);
      node.classList.toggle("followed", Boolean(followed));
      nodes.push(node);
    });
    return nodes;
  }

  node(key, make) {
    if (!this.nodes.has(key)) this.nodes.set(key, make());
    return this.nodes.get(key);
  }

  // Moves only elements in the wrong place, so that selections and focus are kept.
  reconcile(nodes) {
    const keep = new Set(nodes);
    for (const child of [...log.children]) if (!keep.has(child)) child.remove();
    let place = log.firstChild;
    for (const node of nodes) {
      if (node === place) place = place.nextSibling;
      else log.insertBefore(node, place);
    }
  }

  make(message, key) {
    const node = template.content.firstElementChild.cloneNode(true);
    node.dataset.key = key;
    node.dataset.clientId = message.client_id;
    node.classList.toggle("own", message.author === this.you);
    node.style.setProperty("--hue", hueOf(message.author));
    drawAvatar(node.querySelector(".avatar"), message.author);
    node.querySelector(".author").textContent = message.author;
    node.querySelector(".text").textContent = message.text;
    node.querySelector(".text").hidden = message.text === "";
    if (message.image) {
      const picture = node.querySelector(".picture");
      picture.hidden = false;
      picture.firstElementChild.src = message.image.shown ?? message.image.url;
      picture.firstElementChild.alt = message.text || `Image from ${message.author}`;
    }
    return node;
  }

  // The parts of a message that can change later.
  refresh(node, message, sentAt) {
    const state = this.room.stateOf(message, this.you);
    const readers = message.id ? this.room.readers(message, this.you) : [];
    const label = state === "read" ? `Read by ${readers.join(", ")}` : STATE_LABELS[state];
    node.dataset.state = state;
    const ticks = node.querySelector(".ticks");
    ticks.setAttribute("aria-label", label);
    ticks.title = label;
    const time = node.querySelector("time");
    time.dateTime = message.sent_at;
    time.textContent = timeOf(sentAt);
    time.title = wholeTimeOf(sentAt);
    node.querySelector(".retry").hidden = state !== "failed";
    if (message.image?.url) node.querySelector(".picture").href = message.image.url;
  }
}

function belongTogether(earlier, later) {
  return (
    earlier?.author === later.author &&
    new Date(later.sent_at) - new Date(earlier.sent_at) < TOGETHER
  );
}
