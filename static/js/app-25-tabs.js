{
  // Where the tabs do not fit, as on a telephone, the one that is open is brought into view.
  const show = () => {
    for (const open of document.querySelectorAll(".tabs [aria-current]")) {
      const tabs = open.closest(".tabs");
      if (tabs.scrollWidth > tabs.clientWidth) tabs.scrollLeft = open.offsetLeft - tabs.offsetLeft - (tabs.clientWidth - open.offsetWidth) / 2;
    }
  };
  document.addEventListener("htmx:load", show);
  addEventListener("resize", show);
}
