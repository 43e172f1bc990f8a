// Copying code, and the calls that were made in this tab of the browser. Everything else is HTML.

const HISTORY = "imageferry.calls";
const MOST = 50;

const account = () => document.querySelector(".account").title;
const stored = () => JSON.parse(sessionStorage.getItem(HISTORY) || "[]");
const mine = () => stored().filter((call) => call.account === account());

const remember = () => {
  const reply = document.querySelector("#reply");
  if (reply && !reply.dataset.remembered) {
    reply.dataset.remembered = "yes";
    const { call, status, address } = reply.dataset;
    const made = { call, status, address, account: account(), time: new Date().toISOString() };
    sessionStorage.setItem(HISTORY, JSON.stringify([made, ...stored()].slice(0, MOST)));
  }
};

// What a call has led to may be far from the button that was pressed.
const lead = () => document.querySelector("[aria-invalid], #reply")?.focus();

const entry = ({ call, status, address, time }) => {
  const item = document.createElement("li");
  const link = document.createElement("a");
  link.href = address;
  link.textContent = call;
  const about = document.createElement("span");
  about.textContent = `${status} · ${time.slice(0, 19).replace("T", " ")} UTC`;
  item.append(link, about);
  return item;
};

const show = () => {
  const list = document.querySelector("[data-history]");
  if (list) {
    const calls = mine();
    list.replaceChildren(...calls.map(entry));
    list.parentElement.hidden = calls.length === 0;
  }
};

const copy = async (button) => {
  const code = button.parentElement.querySelector("pre");
  getSelection().selectAllChildren(code);
  // Without HTTPS a browser lets nobody but the machine's own pages reach the clipboard.
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(code.textContent);
  } else {
    document.execCommand("copy");
  }
  button.textContent = "✓";
  setTimeout(() => { button.textContent = button.dataset.copy; }, 1500);
};

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy]");
  if (button) {
    button.dataset.copy ||= button.textContent;
    copy(button);
  }
});
document.addEventListener("htmx:afterSettle", () => {
  remember();
  lead();
});
remember();
show();
