// The input for messages, and for images that are chosen, pasted or dropped.

const TYPING_AGAIN = 2000;  // milliseconds between two typing notifications
const MAX_BYTES = 3_900_000;
const MAX_SIDE = 2048;  // pixels; larger images are scaled down before they are sent

const form = document.getElementById("composer");
const text = document.getElementById("text");
const file = document.getElementById("file");
const drop = document.getElementById("drop");
const conversation = document.querySelector(".conversation");

export function watchComposer({ onText, onImage, onTyping, onProblem }) {
  let noted = 0;
  const stopTyping = () => {
    if (noted) onTyping(false);
    noted = 0;
  };

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const message = text.value.trim();
    if (!message) return;
    text.value = "";
    grow();
    noted = 0;  // the message itself ends the typing indicator
    onText(message);
  });
  text.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      form.requestSubmit();
    }
  });
  text.addEventListener("input", () => {
    grow();
    if (!text.value) {
      stopTyping();
    } else if (Date.now() - noted > TYPING_AGAIN) {
      noted = Date.now();
      onTyping(true);
    }
  });
  text.addEventListener("blur", stopTyping);

  const share = async (chosen) => {
    try {
      const image = await prepare(chosen);
      const caption = text.value.trim();
      text.value = "";
      grow();
      noted = 0;
      onImage(image, caption);
    } catch (problem) {
      onProblem(problem.message);
    }
  };
  file.addEventListener("change", () => {
    if (file.files.length) share(file.files[0]);
    file.value = "";
  });
  text.addEventListener("paste", (event) => {
    const pasted = imageIn(event.clipboardData);
    if (pasted) {
      event.preventDefault();
      share(pasted);
    }
  });
  conversation.addEventListener("dragover", (event) => {
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    drop.hidden = false;
  });
  conversation.addEventListener("dragleave", (event) => {
    if (!conversation.contains(event.relatedTarget)) drop.hidden = true;
  });
  conversation.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.hidden = true;
    const dropped = imageIn(event.dataTransfer);
    if (dropped) share(dropped);
    else onProblem("That is not an image.");
  });
}

function imageIn(transfer) {
  return [...transfer.files].find((candidate) => candidate.type.startsWith("image/"));
}

function grow() {
  text.style.height = "auto";
  text.style.height = `${text.scrollHeight + 2}px`;
}

// The image as a Blob that the server accepts. Animations are not changed.
async function prepare(chosen) {
  const bitmap = await createImageBitmap(chosen).catch(() => {
    throw new Error("This file is not an image that the browser can show.");
  });
  const scale = Math.min(1, MAX_SIDE / Math.max(bitmap.width, bitmap.height));
  const known = ["image/png", "image/jpeg", "image/gif", "image/webp"].includes(chosen.type);
  if (known && chosen.size <= MAX_BYTES && (scale === 1 || chosen.type === "image/gif")) {
    return chosen;
  }
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  const smaller = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.85));
  if (!smaller || smaller.size > MAX_BYTES) throw new Error("This image is too large.");
  return smaller;
}
