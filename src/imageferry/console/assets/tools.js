// Copying code, and where a call leads to. Everything else is HTML.

// What a call has led to may be far from the button that was pressed.
const lead = () => document.querySelector("[aria-invalid], #reply")?.focus();

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
document.addEventListener("htmx:afterSettle", lead);
