// The page of npm's @socket.io/admin-ui, as those who use it see it.

const INK = { green: [76, 175, 80], red: [244, 67, 54] };

export class AdminPage {
  constructor(page, url) {
    this.page = page;
    this.url = url;
  }

  async open() {
    // Fonts, from the internet.
    await this.page.route(
      (url) => url.hostname !== "127.0.0.1",
      (route) => route.fulfill({ contentType: "text/css", body: "" }),
    );
    await this.page.goto(this.url);
  }

  async login(server, name, password) {
    await this.page.getByLabel("Server URL").fill(server);
    await this.page.getByLabel("Username").fill(name);
    await this.page.getByLabel("Password").fill(password);
    await this.page.getByRole("button", { name: "Connect" }).click();
  }

  // When the form has gone and the server has told of itself.
  async connected() {
    await this.page.getByLabel("Server URL").waitFor({ state: "hidden" });
    await this.card("Servers").getByText("Healthy", { exact: true }).waitFor();
  }

  // Of the menu: "Dashboard", "Sockets", "Rooms", "Clients", "Events", "Servers".
  async go(title) {
    await this.page.locator(".v-navigation-drawer").getByText(title, { exact: true }).click();
    // The page before slides out.
    await this.page.waitForFunction(
      (title) => [...document.querySelectorAll(".v-breadcrumbs")].map((e) => e.innerText).join() === title,
      title,
    );
  }

  menu() {
    return this.page.locator(".v-navigation-drawer .v-list-item__title").allInnerTexts();
  }

  async chooseNamespace(name) {
    await this.page.getByRole("button", { name: "Select namespace" }).click();
    await this.page.locator(".menuable__content__active").getByText(name, { exact: true }).click();
  }

  card(title) {
    return this.page.locator(".v-card").filter({
      has: this.page.locator(".v-card__title").getByText(title, { exact: true }),
    });
  }

  // The row of a table in which all of these texts stand.
  row(...texts) {
    return texts.reduce(
      (rows, text) => rows.filter({ hasText: text }),
      this.page.locator(".v-data-table tbody tr"),
    );
  }

  // A number of a card of the dashboard, once it is what it should be.
  async waitForNumber(title, label, number) {
    await this.card(title)
      .locator("tr")
      .filter({ hasText: label })
      .getByText(String(number), { exact: true })
      .waitFor();
  }

  // When both kinds of bars stand in a chart: green ones (in, connections) and red ones. The legend
  // above them has the same colours.
  async waitForBars(title) {
    await this.page.waitForFunction(
      ([title, inks]) => {
        const cards = [...document.querySelectorAll(".v-card")];
        const card = cards.find((one) => one.querySelector(".v-card__title")?.innerText === title);
        const canvas = card?.querySelector("canvas");
        if (!canvas) return false;
        const top = Math.ceil(canvas.height / 4);
        const { data } = canvas
          .getContext("2d")
          .getImageData(0, top, canvas.width, canvas.height - top);
        const painted = inks.map(() => 0);
        for (let i = 0; i < data.length; i += 4) {
          inks.forEach((ink, n) => {
            if (ink.every((value, j) => Math.abs(data[i + j] - value) < 8)) painted[n] += 1;
          });
        }
        return painted.every((pixels) => pixels > 10);
      },
      [title, Object.values(INK)],
    );
  }
}
