{
  const { on } = kartify;

  // Filters that are empty stay out of the address.
  on("formdata", "form", (e, form) => {
    if (form.method !== "get") return;
    const entries = [...e.formData].filter(([, value]) => value !== "");
    for (const name of [...new Set(e.formData.keys())]) e.formData.delete(name);
    for (const [name, value] of entries) e.formData.append(name, value);
  });
  on("change", "[data-submit]", (e, field) => field.form?.requestSubmit());

  // A form is sent once. The server knows a second one by its token; this only spares the wait. A form with data-file
  // is answered by a file: the page stays, and does not hear when it is there.
  const release = (form) => {
    delete form.dataset.sent;
    for (const button of form.querySelectorAll(".busy")) button.classList.remove("busy");
  };
  document.addEventListener("submit", (e) => {
    const form = e.target;
    if (form.method !== "post" || e.defaultPrevented || "file" in form.dataset) return;
    if (form.dataset.sent) return e.preventDefault();
    form.dataset.sent = "1";
    delete form.dataset.changed;
    e.submitter?.classList.add("busy");
    setTimeout(() => release(form), 10000);
  });
  document.addEventListener("htmx:afterRequest", ({ detail }) => detail.elt.matches("form") && release(detail.elt));
  addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach(release));

  // Unsaved changes.
  on("input", "form[data-dirty]", (e, form) => { form.dataset.changed = "1"; });
  on("reset", "form[data-dirty]", (e, form) => { delete form.dataset.changed; });
  addEventListener("beforeunload", (e) => {
    if (document.querySelector("form[data-changed]")) e.preventDefault();
  });

  // A field with data-match="amount" must repeat the field called amount before the form can go.
  const match = (form) => {
    const repeats = [...form.querySelectorAll("[data-match]")];
    if (repeats.length === 0) return;
    const equal = repeats.every((field) => {
      const other = form.elements.namedItem(field.dataset.match);
      return other && field.value.trim() !== "" && field.value.trim() === other.value.trim();
    });
    for (const button of form.querySelectorAll("button:not([type=button])")) button.disabled = !equal;
  };
  on("input", "form", (e, form) => match(form));
  const matchAll = () => document.querySelectorAll("[data-match]").forEach((field) => match(field.form));
  document.addEventListener("htmx:load", matchAll);
  matchAll();
}

// A masked field can be looked at while it is typed.
for (const button of document.querySelectorAll("[data-unmask]")) button.hidden = false;
kartify.on("click", "[data-unmask]", (e, button) => {
  const field = document.getElementById(button.dataset.unmask);
  const shown = field.type === "password";
  field.type = shown ? "text" : "password";
  const word = kartify.say(shown ? "Hide" : "Show");
  button.setAttribute("aria-label", button.getAttribute("aria-label").replace(button.textContent, word));
  button.textContent = word;
  field.focus();
});
