// The contrast of texts with what is behind them, as WCAG 2 defines it.

// [{text, ratio, wanted}] for each visible text of the page, also initials in pseudo-elements and
// placeholders. 4.5 is wanted, and 3 for large text.
export function contrasts(page) {
  return page.evaluate(() => {
    // Each colour that CSS knows, as it is painted.
    const pixel = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    const parse = (colour) => {
      pixel.clearRect(0, 0, 1, 1);
      pixel.fillStyle = colour;
      pixel.fillRect(0, 0, 1, 1);
      const [red, green, blue, alpha] = pixel.getImageData(0, 0, 1, 1).data;
      return [red, green, blue, alpha / 255];
    };
    const over = ([r, g, b, a], below) =>
      [r, g, b].map((part, i) => part * a + below[i] * (1 - a));
    const behind = (node) => {
      const layers = [];
      for (let one = node; one; one = one.parentElement) {
        const colour = parse(getComputedStyle(one).backgroundColor);
        layers.push(colour);
        if (colour[3] === 1) break;
      }
      return layers.reverse().reduce((below, layer) => over(layer, below), [255, 255, 255]);
    };
    const luminance = (colour) => {
      const [r, g, b] = colour.map((part) => {
        const value = part / 255;
        return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const found = [];
    const measure = (text, style, below) => {
      const one = luminance(over(parse(style.color), below));
      const other = luminance(below);
      const size = parseFloat(style.fontSize);
      const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
      found.push({
        text: text.slice(0, 60),
        ratio: (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05),
        wanted: isLarge ? 3 : 4.5,
      });
    };
    for (const node of document.body.querySelectorAll("*")) {
      const shown = node.checkVisibility({ opacityProperty: true, visibilityProperty: true });
      const { width, height } = node.getBoundingClientRect();
      if (!shown || width <= 1 || height <= 1) continue; // also those only for screen readers
      const text = [...node.childNodes]
        .filter((child) => child.nodeType === Node.TEXT_NODE)
        .map((child) => child.data.trim())
        .join("");
      if (text) measure(text, getComputedStyle(node), behind(node));
      for (const name of ["::before", "::after"]) {
        const style = getComputedStyle(node, name);
        const content = /^"(.+)"$/.exec(style.content);
        if (content) measure(content[1], style, over(parse(style.backgroundColor), behind(node)));
      }
      if (node.placeholder) {
        measure(node.placeholder, getComputedStyle(node, "::placeholder"), behind(node));
      }
    }
    return found;
  });
}
