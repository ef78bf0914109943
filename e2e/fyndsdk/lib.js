"use strict";
// What both scripts share: facts that are checked one after the other, and a browser that keeps every cookie.

const assert = require("node:assert/strict");
const crypto = require("node:crypto");

const noise = process.stdout.write.bind(process.stdout);

/** say prints one line for the Go test that started this script. */
function say(line) {
  noise(JSON.stringify(line) + "\n");
}

/** fact checks one thing. The script goes on after a failure, and its exit code tells of it. */
async function fact(name, check) {
  try {
    await check();
    say({ fact: name, ok: true });
  } catch (error) {
    process.exitCode = 1;
    say({ fact: name, ok: false, error: String((error && error.stack) || error) });
  }
}

/** hmac is the checksum of Fynd's boilerplate: hex HMAC-SHA256. */
function hmac(secret, message) {
  return crypto.createHmac("sha256", secret).update(message).digest("hex");
}

/** Browser follows no redirect by itself and keeps every cookie, also a Secure one over plain HTTP. */
class Browser {
  constructor() {
    this.cookies = {};
  }

  async go(url, options = {}) {
    const at = new URL(url);
    const jar = (this.cookies[at.host] ??= {});
    const headers = { ...options.headers };
    const cookie = Object.entries(jar).map(([name, value]) => `${name}=${value}`).join("; ");
    if (cookie) headers.cookie = cookie;
    const answer = await fetch(url, { redirect: "manual", ...options, headers });
    for (const line of answer.headers.getSetCookie()) {
      const [pair, ...attributes] = line.split(";");
      const cut = pair.indexOf("=");
      const ended = attributes.some((a) => /^\s*(max-age=(0|-)|expires=Thu, 01 Jan 1970)/i.test(a));
      if (ended) delete jar[pair.slice(0, cut)];
      else jar[pair.slice(0, cut)] = pair.slice(cut + 1);
    }
    const text = await answer.text();
    const location = answer.headers.get("location");
    return { status: answer.status, headers: answer.headers, text, location: location && new URL(location, url).href };
  }
}

/** control calls a control route of the sandbox. */
async function control(box, method, path, body) {
  const answer = await fetch(box + "/_sandbox" + path, {
    method, headers: { "content-type": "application/json" }, body: body && JSON.stringify(body),
  });
  const text = await answer.text();
  assert.equal(answer.status, 200, `${method} ${path} answers ${answer.status} ${text}`);
  return JSON.parse(text);
}

/** unescaped is a text out of an HTML page. */
function unescaped(text) {
  return text.replace(/&#(\d+);/g, (_, n) => String.fromCharCode(n)).replace(/&quot;/g, '"').replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&");
}

/** until asks again and again, for at most 15 s, until what comes back satisfies. */
async function until(what, ask) {
  let last;
  for (const end = Date.now() + 15000; Date.now() < end; await new Promise((go) => setTimeout(go, 50))) {
    last = await ask();
    if (last) return last;
  }
  throw new Error("it never happened: " + what);
}

module.exports = { assert, Browser, control, fact, hmac, say, unescaped, until };
