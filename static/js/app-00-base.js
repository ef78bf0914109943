"use strict";
// What the other files of app.js share. Everything listens on the document, so that parts swapped in
// later work without being told.
const kartify = {
  // words are the sentences of a page in another language; a page in English brings none.
  words: JSON.parse(document.getElementById("words")?.textContent || "{}"),

  // on calls fn for events on elements that match selector, now and later.
  on(event, selector, fn, options) {
    document.addEventListener(event, (e) => {
      const found = e.target instanceof Element && e.target.closest(selector);
      if (found) fn(e, found);
    }, options);
  },

  // say is a sentence in the language of the page, with its values where it has %s. A language may put them in
  // another order, as %[2]s.
  say(text, ...values) {
    let next = 0;
    return (kartify.words[text] || text).replace(/%(?:\[(\d+)\])?s/g, (verb, number) => values[number ? number - 1 : next++]);
  },

  // toast says text at the edge of the window. An error stays until it is closed.
  toast(text, kind) {
    const error = kind === "error";
    const region = document.querySelector(`[data-toasts=${error ? "alert" : "status"}]`);
    if (!region || !text) return;
    const toast = document.createElement("div");
    toast.className = error ? "toast error" : "toast";
    const words = document.createElement("p");
    words.textContent = text;
    const close = document.createElement("button");
    close.type = "button";
    close.setAttribute("aria-label", kartify.say("Dismiss"));
    close.textContent = "×";
    close.addEventListener("click", () => toast.remove());
    toast.append(words, close);
    region.append(toast);
    if (!error) setTimeout(() => toast.remove(), 5000);
  },

  // keep reads and writes what this browser remembers; a browser that forbids it forgets.
  keep(name, value) {
    try {
      if (value === undefined) return localStorage.getItem(name);
      if (value === null) localStorage.removeItem(name); else localStorage.setItem(name, value);
    } catch { /* nothing is remembered */ }
    return null;
  },
};
