// What the pages are better with and can be read without: the reader's time zone.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone?.replaceAll("/", "--") ?? "";
if (/^[\w-]{1,200}$/.test(zone) && !document.cookie.includes(`bounceline_zone=${zone}`)) {
  const secure = location.protocol === "https:" ? "; Secure" : "";
  // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API is not in every browser
  document.cookie = `bounceline_zone=${zone}; Path=/; SameSite=Lax; Max-Age=31536000${secure}`;
}

// A file may also be dropped on a form that takes one; the button beside it does the same.
for (const form of document.querySelectorAll("form[data-drop]")) {
  const input = form.querySelector("input[type=file]");
  const hint = document.createElement("p");
  hint.textContent = form.dataset.drop;
  hint.hidden = true;
  form.append(hint);
  const mark = (on) => {
    form.classList.toggle("dropping", on);
    hint.hidden = !on;
  };
  form.addEventListener("dragover", (event) => {
    event.preventDefault();
    mark(true);
  });
  form.addEventListener("dragleave", () => mark(false));
  form.addEventListener("drop", (event) => {
    event.preventDefault();
    mark(false);
    if (event.dataTransfer.files.length === 0) return;
    input.files = event.dataTransfer.files;
    form.requestSubmit();
  });
}
