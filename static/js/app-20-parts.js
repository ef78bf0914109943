{
  const { on, say, toast, keep } = kartify;

  // Copying. data-copy holds the text, or "pre" for the block beside it, or nothing for the code before it.
  on("click", "[data-copy]", async (e, button) => {
    const beside = button.parentElement.querySelector(button.dataset.copy === "pre" ? "pre" : "code");
    const text = button.dataset.copy && button.dataset.copy !== "pre" ? button.dataset.copy : beside?.textContent;
    try {
      await navigator.clipboard.writeText(text);
      button.classList.add("done");
      setTimeout(() => button.classList.remove("done"), 1500);
      toast(say("Copied"));
    } catch {
      const range = document.createRange();
      if (beside) range.selectNodeContents(beside);
      getSelection().removeAllRanges();
      getSelection().addRange(range);
      toast(say("Press Ctrl+C to copy"));
    }
  });

  // Windows. One that the server is asked for when it is first wanted opens when it comes, unless somebody has
  // pressed Escape meanwhile.
  let awaited = "";
  on("click", "[data-dialog]", (e, opener) => {
    const id = opener.dataset.dialog, dialog = document.getElementById(id);
    opener.closest("details.drop")?.removeAttribute("open");
    if (!dialog) awaited = id;
    if (!dialog?.showModal) return;
    e.preventDefault();
    if (dialog.matches(":modal")) return;
    dialog.close(); // it may have come open
    dialog.showModal();
    // Straight to the first field, except where that would bring up a keyboard over the window.
    if (matchMedia("(hover: hover)").matches) dialog.querySelector("form :is(input:not([type=hidden]), select, textarea)")?.focus();
  });
  document.addEventListener("keydown", (e) => {
    if (e.key === "Escape") awaited = "";
  });
  on("click", "[data-close]", (e, link) => {
    const dialog = link.closest("dialog");
    if (!dialog?.open) return;
    e.preventDefault();
    dialog.close();
  });
  on("mousedown", "dialog", (e, dialog) => {
    if (e.target !== dialog) return;
    const box = dialog.getBoundingClientRect();
    const inside = e.clientX >= box.left && e.clientX <= box.right && e.clientY >= box.top && e.clientY <= box.bottom;
    if (!inside) dialog.close();
  });
  // A dialog that came open from the server (its form was refused, or it was asked for) becomes a proper one.
  const raise = (later) => {
    for (const dialog of document.querySelectorAll("dialog[open]:not(:modal)")) {
      dialog.close();
      if (!later || !document.querySelector(`[hx-get][data-dialog="${dialog.id}"]`) || awaited === dialog.id) dialog.showModal();
    }
    if (document.getElementById(awaited)) awaited = "";
  };
  document.addEventListener("htmx:load", raise);
  raise();

  // Drop-downs: one at a time, closed by a click elsewhere.
  document.addEventListener("click", (e) => {
    for (const drop of document.querySelectorAll("details.drop[open]")) {
      if (!drop.contains(e.target)) drop.open = false;
    }
  });
  on("change", ".choice", (e, drop) => {
    const count = drop.querySelector("[data-count]");
    const ticked = drop.querySelectorAll(":checked").length;
    if (count) count.textContent = ticked || "";
  });

  // A row opens where it is clicked, unless the person selects text or means something in it.
  const address = (row) => row.dataset.open || row.querySelector("a.open")?.href;
  kartify.openRow = (row, apart) => {
    const to = address(row);
    if (!to) return;
    const inPlace = row.querySelector("a.open[hx-get]"); // such a row expands where it stands
    if (inPlace && !apart && window.htmx) { inPlace.click(); return; }
    if (apart) window.open(to, "_blank", "noopener"); else location.assign(to);
  };
  on("click", "tbody tr", (e, row) => {
    if (e.target.closest("a, button, input, label, select, summary, dialog, td.pick") || String(getSelection())) return;
    kartify.openRow(row, e.ctrlKey || e.metaKey);
  });

  // The box and the buttons of a row say which row they are about, and a copying button what it copies.
  const told = new WeakSet();
  const tell = () => {
    for (const row of document.querySelectorAll("table[data-named] tbody tr")) {
      if (told.has(row)) continue;
      told.add(row);
      const about = row.querySelector(".lead")?.textContent.trim();
      for (const control of row.querySelectorAll(".pick input, .act :is(a, button), [data-copy]")) {
        const what = control.matches("[data-copy]") ? control.parentElement.querySelector("code").textContent : about;
        control.ariaLabel = say(`${control.ariaLabel || control.textContent.trim()} %s`, what);
      }
    }
  };
  document.addEventListener("htmx:load", tell);
  tell();

  // Ticking rows.
  const count = (root) => {
    const boxes = [...root.querySelectorAll("[data-pick]")];
    const ticked = boxes.filter((box) => box.checked).length;
    for (const all of root.querySelectorAll("[data-pick-all]")) {
      all.checked = ticked > 0 && ticked === boxes.length;
      all.indeterminate = ticked > 0 && ticked < boxes.length;
    }
    for (const shown of root.querySelectorAll("[data-picked]")) shown.textContent = ticked;
  };
  const tick = (root, on) => {
    for (const box of root.querySelectorAll("[data-pick]")) box.checked = on;
    count(root);
  };
  const around = (element) => element.closest(".list") || document.querySelector("main");
  on("change", "[data-pick-all]", (e, all) => tick(around(all), all.checked));
  on("change", "[data-pick]", (e, box) => count(around(box)));
  on("click", "[data-pick-none]", (e, button) => tick(around(button), false));

  // Theme.
  for (const themes of document.querySelectorAll("[data-themes]")) {
    themes.hidden = false;
    const chosen = themes.querySelector(`[value="${keep("theme") || "auto"}"]`);
    if (chosen) chosen.checked = true;
  }
  on("change", "[data-themes]", (e) => {
    const theme = e.target.value;
    keep("theme", theme === "auto" ? null : theme);
    if (theme === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
  });
}
