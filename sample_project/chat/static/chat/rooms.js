// The state of the page: rooms, their messages, online users. No DOM here.

export class Room {
  constructor(slug) {
    this.slug = slug;
    this.unread = 0;
    this.newest = null;
    this.messages = [];  // oldest first; those without an id are not confirmed by the server yet
    this.receipts = {}; // user name -> {delivered, read}: message ids
    this.typing = new Map(); // user name -> timer
    this.loaded = false;
    this.more = false;
  }

  // Adds or updates a message. True if it is new.
  merge(message) {
    const same = (m) => m.client_id === message.client_id && m.author === message.author;
    const known = this.messages.find(same);
    if (known) {
      // Keep an image that is already shown.
      const shown = known.image?.shown ?? message.image?.shown;
      Object.assign(known, message, { state: message.state });
      if (known.image && shown) known.image = { ...known.image, shown };
    } else {
      this.messages.push(message);
    }
    this.messages.sort((a, b) => (a.id ?? Infinity) - (b.id ?? Infinity) || 0);
    if (message.id && message.id >= (this.newest?.id ?? 0)) this.newest = message;
    return !known;
  }

  newestId() {
    return this.newest?.id ?? 0;
  }

  // The state of an own message: sending, failed, sent, delivered or read.
  stateOf(message, you) {
    if (!message.id) return message.state ?? "sending";
    const others = Object.entries(this.receipts).filter(([user]) => user !== you);
    if (others.some(([, marks]) => marks.read >= message.id)) return "read";
    return others.some(([, marks]) => marks.delivered >= message.id) ? "delivered" : "sent";
  }

  readers(message, you) {
    return Object.entries(this.receipts)
      .filter(([user, marks]) => user !== you && marks.read >= message.id)
      .map(([user]) => user);
  }

  isReadUpTo(id, you) {
    return (this.receipts[you]?.read ?? 0) >= id;
  }
}

export class Rooms {
  constructor() {
    this.all = new Map(); // slug -> Room
    this.joinable = [];
    this.online = new Set();
    this.current = null;
  }

  // Takes over the server's list; known rooms keep their messages.
  update(list, joinable) {
    const known = this.all;
    this.all = new Map();
    for (const { slug, ...described } of list) {
      this.all.set(slug, Object.assign(known.get(slug) ?? new Room(slug), described));
    }
    this.joinable = joinable;
    this.current = this.current && (this.all.get(this.current.slug) ?? null);
  }

  // Those with the newest messages first; then those without messages, by name.
  byActivity() {
    const time = (room) => (room.newest ? Date.parse(room.newest.sent_at) : 0);
    return [...this.all.values()].sort(
      (a, b) => time(b) - time(a) || a.name.localeCompare(b.name),
    );
  }

  unread() {
    return [...this.all.values()].reduce((sum, room) => sum + room.unread, 0);
  }
}
