{
  const { on, keep, openRow } = kartify;
  let before = ""; // the key before this one, for "g o"
  let left; // where the focus was when the finder took it

  document.addEventListener("htmx:load", () => {
    for (const box of document.querySelectorAll("[data-keys-on]")) box.checked = keep("keys") !== "off";
  });
  on("change", "[data-keys-on]", (e, box) => keep("keys", box.checked ? null : "off"));

  const rows = () => [...document.querySelectorAll("main tbody tr")].filter((row) => row.dataset.open || row.querySelector("a.open"));
  // A row that was replaced has lost its mark, and keeps the focus.
  const here = () => document.querySelector("main tr.at") || rows().find((row) => row.contains(document.activeElement));
  const move = (step) => {
    const all = rows();
    if (all.length === 0) return;
    const at = all.indexOf(here());
    const next = all[at < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, at + step))];
    here()?.classList.remove("at");
    next.classList.add("at");
    next.querySelector("a.open")?.focus({ preventScroll: true });
    next.scrollIntoView({ block: "nearest" });
  };
  const go = (path) => document.querySelector(`.side a[href="${path}"]`)?.click();

  const keys = {
    "/": () => {
      left = document.activeElement;
      document.querySelector("[data-finder], input[type=search]")?.focus();
    },
    "?": () => document.querySelector("[data-dialog=keyboard-help]")?.click(),
    j: () => move(1),
    k: () => move(-1),
    Enter: () => here() && openRow(here()),
    x: () => here()?.querySelector("[data-pick]")?.click(),
    "g o": () => go("/sales/orders"),
    "g d": () => go("/"),
  };

  // What the finder found is walked with the arrows too; elsewhere they scroll.
  const arrows = { ArrowDown: keys.j, ArrowUp: keys.k };
  const arrow = (key) => document.querySelector("main .found") && arrows[key];

  document.addEventListener("keydown", (e) => {
    if (e.key === "Escape") {
      for (const drop of document.querySelectorAll("details.drop[open]")) {
        drop.open = false;
        if (drop.contains(document.activeElement)) drop.querySelector("summary").focus();
      }
      if (document.activeElement?.matches("[data-finder]")) {
        document.activeElement.blur();
        left?.focus({ preventScroll: true });
      }
      return;
    }
    if (e.ctrlKey || e.metaKey || e.altKey) return;
    // Right after a window was closed, the focus may still be in it.
    const at = e.target.closest?.("dialog:not([open])") ? document.body : e.target;
    if (arrow(e.key) && !at.closest?.("input:not([data-finder]), select, textarea, dialog, details[open]")) {
      e.preventDefault();
      arrow(e.key)();
      return;
    }
    if (keep("keys") === "off") return;
    if (at.closest?.("input, select, textarea, dialog, [contenteditable]")) return;
    if (e.key === "Enter" && at.closest?.("a, button, summary")) return;
    const act = keys[`${before} ${e.key}`] || keys[e.key];
    before = e.key;
    if (!act) return;
    e.preventDefault();
    before = "";
    act();
  });
}
