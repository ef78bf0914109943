{
  // The buyer's side: a form that leads on to a payment page is sent by itself, and a payment that is being
  // checked is looked at again, ever more seldom. Without scripts there are buttons for both.
  document.querySelector("form[data-go]")?.requestSubmit();
  const again = document.querySelector("a[data-again]");
  if (again) {
    const tries = Number(kartify.keep("pay-looks") ?? 0);
    kartify.keep("pay-looks", String(Math.min(tries + 1, 20)));
    setTimeout(() => location.assign(again.href), Math.min(3000 * (1 + tries / 3), 20000));
  } else if (document.querySelector("[data-pay]")) {
    kartify.keep("pay-looks", null);
  }
}
