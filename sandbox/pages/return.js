// Takes the buyer back to the shop. Without JavaScript there is a button.
setTimeout(() => document.getElementById("return").submit(), 600);
