"use strict";
// Fynd Platform in JavaScript against kartify: it stands between kartify and the sandbox, verifies with Fynd's own
// libraries every request that kartify makes, and asks kartify for a payment and a refund as the boilerplate of payment
// extensions expects to be asked.

const http = require("node:http");
const express = require("express");
const PaymentModel = require("@gofynd/fdk-client-javascript/sdk/platform/Payment/PaymentPlatformModel");
const { sign } = require("@gofynd/fp-signature");
const { assert, Browser, control, fact, hmac, say, unescaped, until } = require("./lib");

const { SANDBOX: box, KARTIFY: kartify, SECRET: secret, COMPANY: company, APPLICATION: application, PORT: port } = process.env;
const seen = []; // every request of kartify, and what is wrong with it
const words = {
  payment: ["started", "pending", "complete", "failed"],
  refund: ["refund_initiated", "refund_pending", "refund_done", "refund_failed", "refund_rejected", "refund_disputed"],
};

/** judge says what Fynd's libraries have against a request. */
function judge(req, raw) {
  const wrong = [];
  const headers = Object.fromEntries(Object.entries(req.headers).filter(([name]) => name.startsWith("x-fp-") && name !== "x-fp-signature"));
  const query = new URL(req.originalUrl, box).searchParams.has("x-fp-signature");
  const given = query ? new URL(req.originalUrl, box).searchParams.get("x-fp-signature") : req.headers["x-fp-signature"];
  const signed = sign(
    { method: req.method, host: req.headers.host, path: req.originalUrl, headers: query ? {} : { ...headers, host: req.headers.host }, body: raw || undefined },
    { signQuery: query },
  );
  if (given !== signed["x-fp-signature"]) wrong.push(`x-fp-signature is ${given}, the library makes ${signed["x-fp-signature"]}`);
  const session = /\/payment\/session\/([^/]+)$/.exec(req.path);
  const refund = /\/payment\/([^/]+)\/refund\/session\/([^/]+)$/.exec(req.path);
  if (req.method !== "PUT" || (!session && !refund)) return { wrong };
  const body = JSON.parse(raw);
  const { checksum, ...rest } = body;
  if (checksum !== hmac(secret, JSON.stringify(rest))) wrong.push("the checksum is not that of JSON.stringify");
  if (Object.keys(body).at(-1) !== "checksum") wrong.push("the checksum is not the last member");
  const model = session ? PaymentModel.PaymentSessionCreation() : PaymentModel.RefundSessionCreation();
  const { error } = model.validate(body, { abortEarly: false, allowUnknown: true, convert: false });
  if (error) wrong.push(error.message);
  if (!words[session ? "payment" : "refund"].includes(body.status)) wrong.push(`the status ${body.status} is none`);
  return { wrong, body, gid: decodeURIComponent((session || refund)[1]), request: refund && decodeURIComponent(refund[2]) };
}

/** pass hands a request to the sandbox as it came. */
function pass(req, raw) {
  const to = new URL(box);
  return new Promise((done, fail) => {
    const out = http.request({ host: to.hostname, port: to.port, method: req.method, path: req.originalUrl, headers: req.headers }, (res) => {
      const parts = [];
      res.on("data", (part) => parts.push(part));
      res.on("end", () => done({ status: res.statusCode, headers: res.headers, body: Buffer.concat(parts) }));
    });
    out.on("error", fail);
    out.end(raw);
  });
}

async function stand() {
  const app = express();
  app.use(express.text({ type: () => true, limit: "4mb" }));
  app.use(async (req, res) => {
    const raw = typeof req.body === "string" ? req.body : "";
    const entry = { method: req.method, path: req.path, ...judge(req, raw) };
    const answer = await pass(req, raw);
    entry.status = answer.status;
    seen.push(entry);
    for (const [name, value] of Object.entries(answer.headers)) {
      if (name !== "transfer-encoding" && name !== "connection") res.setHeader(name, value);
    }
    res.status(answer.status).end(answer.body);
  });
  const server = app.listen(Number(port), "127.0.0.1");
  await new Promise((ready) => server.once("listening", ready));
  return server;
}

const gid = "TR64D4E0D50D7B9210BC";
const request = "16916747740991418099"; // more digits than a number holds
const address = {
  id: "", uid: "", area: "Shivajinagar", city: "Pune", name: "Zoë <A&B> ज़ोया 💐", email: "zoe@buyer.example", phone: "9812345678", state: "Maharashtra",
  address: "14 Garden Road", country: "India", pincode: "411005", user_id: "", landmark: "Behind the \"library\"", area_code: "411005", address_type: "home",
  country_code: "91", geo_location: { latitude: 18.5308, longitude: 73.8475 }, area_code_slug: "pincode", country_iso_code: "IN",
  country_phone_code: "91", delivery_address_id: "", g_address_id: "a1",
};
const order = {
  customer_name: "Zoë <A&B> ज़ोया 💐", customer_email: "zoe@buyer.example", app_id: application, company_id: Number(company), customer_contact: "+919812345678",
  gid, pf_order_id: "FY64D4E0D50D7B9210BC", g_user_id: "u1", amount: 23000, currency: "INR", seller_locale: "en", locale: "en", mode: "test",
  payment_methods: [{ code: "NB", name: "Net banking", sub_payment_mode: [{ code: "SBIN", name: "State Bank of India" }] }],
  success_url: `${box}/_sandbox/fynd/shop/success?gid=${gid}&cart_id=c1&order_id=FY64D4E0D50D7B9210BC`,
  cancel_url: `${box}/_sandbox/fynd/shop/cancel?gid=${gid}&cart_id=c1&order_id=FY64D4E0D50D7B9210BC`,
  billing_address: address, shipping_address: { ...address, country_phone_code: "+91" }, kind: "sale", initiated_at: 1691672790, odd: { 10: "ten", 2: "two", price: 100.5, whole: 1.0 },
};

/** ask is what Fynd's boilerplate expects: JSON.stringify, and the HMAC of it. */
async function ask(path, body, sum) {
  const text = JSON.stringify(body);
  const headers = { "content-type": "application/json", checksum: sum === undefined ? hmac(secret, text) : sum };
  if (sum === null) delete headers.checksum;
  const answer = await fetch(kartify + path, { method: "POST", headers, body: text });
  return read(answer);
}
async function look(path, message, more = {}) {
  return read(await fetch(kartify + path, { headers: message === null ? more : { checksum: hmac(secret, message), ...more } }));
}
async function read(answer) {
  const text = await answer.text();
  let json;
  try { json = JSON.parse(text); } catch { json = undefined; }
  return { status: answer.status, headers: answer.headers, text, json };
}
const titles = { 400: "Request Validation Failed", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed" };
function refused(answer, status) {
  assert.equal(answer.status, status, answer.text);
  assert.equal(answer.json.success, false);
  assert.equal(answer.json.title, titles[status] ?? "Internal Server Error");
  assert.equal(typeof answer.json.message, "string");
}

async function sessions() {
  const path = "/api/v1/payment_session/" + gid;
  await fact("a session without the right checksum is refused", async () => {
    refused(await ask(path, order, null), 401);
    refused(await ask(path, order, hmac("another", JSON.stringify(order))), 401);
    refused(await ask(path, { ...order, amount: 23001 }, hmac(secret, JSON.stringify(order))), 401);
  });
  let first;
  await fact("a session is started", async () => {
    first = await ask(path, order);
    assert.equal(first.status, 200, first.text);
    assert.equal(first.json.success, true);
    assert.match(first.json._id, /^[0-9a-f]{24}$/);
    assert.equal(first.json.gid, gid);
    assert.equal(first.json.redirect_url, `${kartify}/api/v1/pgloader/${first.json._id}`);
  });
  await fact("the same session again is the same answer, also fifty times at once", async () => {
    const all = await Promise.all(Array.from({ length: 50 }, () => ask(path, order)));
    for (const one of all) assert.deepEqual([one.status, one.text], [200, first.text]);
  });
  await fact("the same gid with another amount is a conflict", async () => {
    refused(await ask(path, { ...order, amount: 23001 }), 409);
  });
  await fact("the status of a session is signed by its gid", async () => {
    const said = await look(path, gid);
    assert.equal(said.status, 200, said.text);
    assert.equal(said.json.gid, gid);
    assert.equal(said.json.total_amount, 23000);
    assert.ok(Array.isArray(said.json.payments) && Array.isArray(said.json.payment_details));
    refused(await look(path, "TR0"), 401);
    refused(await look("/api/v1/payment_session/TR0", "TR0"), 404);
    refused(await look(path, null), 401);
    refused(await look("/api/v1/nowhere", gid), 404);
  });
  return first.json;
}

/** pay goes from the loader through the gateway's page, as a buyer does. */
async function pay(session) {
  const buyer = new Browser();
  let at = await buyer.go(session.redirect_url);
  assert.equal(at.status, 307);
  let where = at.location;
  for (let steps = 0; steps < 20; steps++) {
    at = at.location ? await buyer.go((where = at.location)) : at;
    if (where.startsWith(box + "/_sandbox/fynd/shop/")) return where;
    if (at.location) continue;
    const form = /<form[^>]*action="([^"]*)"[^>]*>([\s\S]*?)<\/form>/.exec(at.text);
    if (!form) { // a page that goes on by itself
      const next = /http-equiv="refresh" content="\d+; ?url=([^"]+)"/i.exec(at.text);
      await new Promise((go) => setTimeout(go, 300));
      at = { location: next ? new URL(unescaped(next[1]), where).href : where };
      continue;
    }
    const values = new URLSearchParams();
    for (const [tag] of form[2].matchAll(/<input[^>]*>/g)) {
      const value = (name) => unescaped((new RegExp(`\\b${name}="([^"]*)"`).exec(tag) ?? [])[1] ?? "");
      if (value("name") && (!/type="radio"/.test(tag) || /\bchecked\b/.test(tag))) values.append(value("name"), value("value"));
    }
    if (/name="outcome" value="pay"/.test(form[2])) values.append("outcome", "pay");
    where = new URL(unescaped(form[1]), where).href;
    at = await buyer.go(where, { method: "POST", body: values, headers: { "content-type": "application/x-www-form-urlencoded" } });
  }
  throw new Error("the buyer is lost at " + where + ": " + at.text?.slice(0, 500));
}

const told = (id, status) => seen.filter((s) => s.gid === gid && (s.request ?? "") === id && s.body.status === status && s.status === 200);

async function payments(session) {
  await fact("the buyer pays and comes back to the shop once Fynd is told", async () => {
    const where = new URL(await pay(session));
    assert.equal(where.pathname, "/_sandbox/fynd/shop/success");
    assert.equal(where.searchParams.get("cart_id"), "c1");
    assert.equal(where.searchParams.get("order_id"), order.pf_order_id);
    assert.equal(told("", "complete").length, 1);
  });
  await fact("the session says that it is complete", async () => {
    const said = await look("/api/v1/payment_session/" + gid, gid);
    assert.equal(said.json.status, "complete", said.text);
    assert.equal(said.json.payments[0].amount_captured, 23000);
    assert.equal(said.json.payments[0].amound_refunded, 0);
  });
  const path = `/api/v1/payment_session/${gid}/refund`;
  const refund = { gid, pf_order_id: order.pf_order_id, request_id: request, app_id: application, amount: 3000, currency: "INR", status: "initiate", journey_type: "CANCEL/RETURN" };
  let first;
  await fact("a refund is accepted", async () => {
    refused(await ask(path, refund, hmac("another", "{}")), 401);
    first = await ask(path, refund);
    assert.equal(first.status, 202, first.text);
    assert.equal(first.json.gid, gid);
    assert.equal(first.json.aggregator_payment_refund_details.request_id, request);
    assert.equal(first.json.aggregator_payment_refund_details.status, "refund_initiated");
  });
  await fact("the same refund again is the same answer, also fifty times at once; another amount is a conflict", async () => {
    const all = await Promise.all(Array.from({ length: 50 }, () => ask(path, refund)));
    for (const one of all) assert.deepEqual([one.status, one.text], [202, first.text]);
    refused(await ask(path, { ...refund, amount: 3001 }), 409);
    refused(await ask(path, { ...refund, request_id: "1", amount: 20001 }), 400);
  });
  await fact("the refund is done, and Fynd is told of it once", async () => {
    const said = await until("refund_done", async () => {
      const now = await look(`${path}/${request}`, gid);
      assert.equal(now.status, 200, now.text);
      return now.json.refund_details[0].status === "refund_done" && now;
    });
    assert.equal(said.json.refund_details[0].request_id, request);
    assert.equal(said.json.refund_details[0].amount, 3000);
    await until("told of refund_done", () => told(request, "refund_done").length > 0);
    const list = await look(path, gid);
    assert.equal(list.json.aggregator_payment_refund_details[0].request_id, request, list.text);
    refused(await look(path + "/2", gid), 404);
    await new Promise((go) => setTimeout(go, 1500));
    assert.equal(told(request, "refund_done").length, 1);
    assert.equal(told("", "complete").length, 1);
  });
  await fact("the gateway gave the money back once", async () => {
    const ledger = await control(box, "GET", "/ledger?gateway=razorpay&verb=refund");
    const here = ledger.filter((e) => e.payment === seen.find((s) => s.body?.payment_details?.[0]?.payment_id)?.body.payment_details[0].payment_id);
    assert.deepEqual(here.map((e) => e.amount_minor), [3000]);
  });
}

async function others() {
  await fact("the secrets endpoint wants the secret itself", async () => {
    const path = "/api/v1/secrets/" + application;
    const basic = { authorization: "Basic " + Buffer.from(secret).toString("base64") };
    refused(await look(path, null), 401);
    refused(await look(path, null, { authorization: "Basic " + Buffer.from("another").toString("base64") }), 401);
    const said = await look(path, null, basic);
    assert.equal(said.status, 200, said.text);
    assert.equal(said.json.app_id, application);
    for (const one of said.json.data) assert.deepEqual(["display", "name", "required", "slug", "value"].filter((name) => !(name in one)), []);
    assert.ok(!said.text.includes("kartify_test_secret_0001"), "a key is shown in clear");
  });
  await fact("webhooks are verified as the library verifies them", async () => {
    const path = "/api/v1/webhooks/platform";
    const event = (type) => ({
      company_id: Number(company), application_id: application, contains: ["refund"], event: { id: "js-" + type, category: "application", name: "refund", type, version: "1", created_timestamp: Date.now(), trace_id: ["t1"] },
      payload: { order_id: order.pf_order_id, amount: 30, note: "Zoë <A&B> ज़ोया 💐" },
    });
    const send = async (body, sum, text = JSON.stringify(body)) => (await fetch(kartify + path, {
      method: "POST", headers: { "content-type": "application/json", "x-fp-event-id": body.event.id, ...(sum && { "x-fp-signature": sum }) }, body: text,
    })).status;
    const pending = event("refund_pending");
    assert.equal(await send(pending, hmac(secret, JSON.stringify(pending))), 200);
    assert.equal(await send(pending, hmac(secret, JSON.stringify(pending)), JSON.stringify(pending, null, 2)), 200);
    assert.equal(await send(event("refund_failed"), hmac("another", "{}")), 401);
    assert.equal(await send(event("refund_failed"), ""), 401);
  });
  await fact("a seller opens the extension and is led to the credential form", async () => {
    const browser = new Browser();
    let at = { location: `${kartify}/fp/install?company_id=${company}&application_id=${application}` };
    for (let steps = 0; at.location && steps < 6; steps++) at = await browser.go(at.location);
    assert.equal(at.status, 200);
    assert.match(at.headers.get("content-security-policy"), /frame-ancestors/);
    assert.match(at.text, /name="[^"]*key_id/);
    const asked = seen.find((s) => s.path.endsWith("/oauth/authorize"));
    assert.deepEqual(asked.wrong, []);
    await until("a subscription", () => seen.some((s) => s.method === "PUT" && s.path.endsWith("/v3.0/company/" + company + "/subscriber") && s.status === 200));
  });
  await fact("Fynd's libraries have nothing against any request of kartify", () => {
    assert.ok(seen.length > 4, `only ${seen.length} requests came`);
    assert.deepEqual(seen.filter((s) => s.wrong.length > 0).map((s) => [s.method, s.path, s.wrong]), []);
    assert.deepEqual(seen.filter((s) => s.status >= 400).map((s) => [s.method, s.path, s.status]), []);
  });
}

async function main() {
  const server = await stand();
  say({ ready: true });
  await new Promise((go) => process.stdin.once("data", go));
  process.stdin.pause();
  process.stdin.destroy();
  const session = await sessions();
  await payments(session);
  await others();
  server.close();
  server.closeAllConnections();
}

main().catch((error) => { console.error(error); process.exit(1); });
