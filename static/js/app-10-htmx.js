{
  // htmx within the rules of the pages: nothing inline, nothing kept in the browser, no other host; a refused form
  // (422) shows in place, and every other failure becomes a toast.
  Object.assign(htmx.config, {
    includeIndicatorStyles: false,
    allowEval: false,
    allowScriptTags: false,
    historyCacheSize: 0,
    refreshOnHistoryMiss: false,
    selfRequestsOnly: true,
    scrollIntoViewOnBoost: false,
    responseHandling: [
      { code: "204", swap: false },
      { code: "[23]..", swap: true },
      { code: "422", swap: true },
      { code: "...", swap: false, error: true },
    ],
  });

  // The one place that knows the names of htmx's events.
  const { say, toast } = kartify;
  let waiting = 0;
  const wait = (n) => {
    waiting = Math.max(0, waiting + n);
    document.documentElement.classList.toggle("waiting", waiting > 0);
  };
  const background = (elt) => elt.hasAttribute("data-background");
  const typing = (elt) => elt.querySelector("dialog[open], details.drop[open]") ||
    (elt.contains(document.activeElement) && document.activeElement.matches("input, select, textarea"));

  document.addEventListener("htmx:configRequest", ({ detail }) => {
    const token = document.querySelector("meta[name=csrf-token]");
    if (token?.content) detail.headers["X-CSRF-Token"] = token.content;
    if (background(detail.elt)) detail.headers["X-Background"] = "1";
    if (detail.verb !== "get") return;
    for (const name of [...new Set(detail.formData.keys())]) {
      if (detail.formData.getAll(name).every((value) => value === "")) detail.formData.delete(name);
    }
  });

  document.addEventListener("htmx:beforeRequest", (e) => {
    if (document.getElementById(e.detail.elt.dataset.dialog)) return e.preventDefault(); // the window has come before
    if (!background(e.detail.elt)) return wait(1);
    // A region that refreshes itself waits while somebody works in it.
    if (document.hidden || typing(e.detail.elt)) e.preventDefault();
  });
  document.addEventListener("htmx:afterRequest", ({ detail }) => background(detail.elt) || wait(-1));

  document.addEventListener("htmx:afterSwap", ({ detail }) => {
    if (detail.xhr?.status !== 422) return;
    const wrong = document.querySelector("[aria-invalid=true]");
    if (wrong) wrong.focus();
  });

  document.addEventListener("htmx:responseError", ({ detail }) => {
    const { xhr, elt } = detail;
    if (xhr.status === 401) return location.reload();
    if (background(elt)) return;
    const plain = (xhr.getResponseHeader("Content-Type") || "").startsWith("text/plain");
    const said = plain && xhr.responseText.length < 300 ? xhr.responseText.trim() : say("The server answered with an error (%s).", xhr.status);
    const id = xhr.getResponseHeader("X-Request-Id");
    toast(id ? say("%s Request %s", said, id) : said, "error");
  });
  const lost = ({ detail }) => {
    if (background(detail.elt)) return;
    const asked = detail.requestConfig?.verb === "get";
    toast(say(asked ? "The server cannot be reached." : "No answer came. Reload the page to see whether it was done."), "error");
  };
  document.addEventListener("htmx:sendError", lost);
  document.addEventListener("htmx:timeout", lost);

  // The server says something with the header HX-Trigger: {"toast": {"text": "…", "kind": "error"}}.
  document.addEventListener("toast", ({ detail }) => toast(detail.text || detail.value, detail.kind));
}
