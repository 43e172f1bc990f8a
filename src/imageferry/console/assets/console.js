// Choosing rows of a list, and the key that leads to the search. Everything else is HTML.

const chosenIn = (form) => form.querySelectorAll("td input[type=checkbox]:checked").length;

const showChoice = () => {
  for (const form of document.querySelectorAll("form[data-choose]")) {
    const boxes = form.querySelectorAll("td input[type=checkbox]");
    const number = chosenIn(form);
    for (const button of form.querySelectorAll("[data-needs-choice]")) {
      button.disabled = number === 0;
    }
    form.querySelector("[data-chosen]").textContent = number ? `(${number})` : "";
    const all = form.querySelector("[data-choose-all]");
    all.checked = number > 0 && number === boxes.length;
    all.indeterminate = number > 0 && number < boxes.length;
  }
};

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-choose-all]")) {
    for (const box of event.target.form.querySelectorAll("td input[type=checkbox]")) {
      box.checked = event.target.checked;
    }
  }
  showChoice();
});

document.addEventListener("keydown", (event) => {
  const field = document.querySelector(`[data-shortcut="${CSS.escape(event.key)}"]`);
  if (field && !event.target.closest("input, select, textarea")) {
    event.preventDefault();
    field.focus();
  }
});

// What somebody has unfolded stays so when it moves.
document.addEventListener("htmx:oobBeforeSwap", ({ detail }) => {
  for (const { id } of detail.target.querySelectorAll("details[open][id]")) {
    const now = detail.fragment.querySelector(`#${CSS.escape(id)}`);
    if (now) now.open = true;
  }
});

// A page that is open for days keeps the latest lines of a log, and stays at its end.
document.addEventListener("htmx:oobAfterSwap", () => {
  for (const log of document.querySelectorAll("[data-most]")) {
    while (log.children.length > log.dataset.most) log.firstElementChild.remove();
    if (!log.matches(":hover, :focus-within")) log.scrollTop = log.scrollHeight;
  }
});

// A search goes on with every key; the way back leads out of it, not through each of its letters.
document.addEventListener("htmx:beforeHistoryUpdate", ({ detail }) => {
  const { type, target } = detail.requestConfig.triggeringEvent ?? {};
  const before = new URLSearchParams(location.search);
  if (type === "input" && before.get(target.name)) detail.history.type = "replace";
});

// Where another page of a list cannot be fetched, the browser says why.
for (const name of ["htmx:sendError", "htmx:responseError"]) {
  document.addEventListener(name, ({ target }) => {
    if (target.matches("a")) location.assign(target.href);
  });
}

// What moves says where it does not any more, and goes on by itself. A moment without it is nothing.
let silence = 0;

const loseTouch = ({ type, detail }) => {
  if (type === "htmx:responseError" && detail.xhr.status < 500) return;
  silence ||= setTimeout(() => {
    document.querySelector("#not-live").hidden = false;
  }, 3000);
};

const regainTouch = ({ type, detail }) => {
  if (type === "htmx:afterRequest" && !detail.successful) return;
  clearTimeout(silence);
  silence = 0;
  for (const note of document.querySelectorAll("#not-live, #stream-note")) note.hidden = true;
};

for (const name of ["htmx:sseError", "htmx:sendError", "htmx:responseError"]) {
  document.addEventListener(name, loseTouch);
}
for (const name of ["htmx:sseOpen", "htmx:afterRequest"]) {
  document.addEventListener(name, regainTouch);
}

for (const name of ["htmx:afterSettle", "htmx:oobAfterSwap"]) {
  document.addEventListener(name, showChoice);
}

// Lists change their address without a new page: a form that leads back here knows the new one.
document.addEventListener("submit", ({ target }) => {
  const here = target.querySelector("[data-here]");
  if (here) here.value = location.pathname + location.search;
});

document.documentElement.classList.add("scripted");
showChoice();
