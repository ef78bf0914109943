"use strict";
// Signs requests with Fynd's own library: reads a list of {method, host, path, headers, body, query} and answers the
// x-fp-signature of each. With query, what is signed is the address.

const { sign } = require("@gofynd/fp-signature");
const { say } = require("./lib");

let text = "";
process.stdin.on("data", (part) => { text += part; });
process.stdin.on("end", () => {
  const done = JSON.parse(text).map(({ method, host, path, headers, body, query }) => {
    const signed = sign({ method, host, path, headers: headers ?? {}, body: body || undefined }, { signQuery: Boolean(query) });
    return signed["x-fp-signature"];
  });
  say({ done });
});
