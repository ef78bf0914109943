"use strict";
// Fynd's own libraries against the sandbox: a real extension is set up, installed, subscribed and told of events,
// and reports payments and refunds with every answer checked strictly.

const express = require("express");
const cookieParser = require("cookie-parser");
const { PlatformClient } = require("@gofynd/fdk-client-javascript");
const { setupFdk } = require("@gofynd/fdk-extension-javascript/express");
const { MemoryStorage } = require("@gofynd/fdk-extension-javascript/express/storage");
const { assert, Browser, control, fact, hmac, unescaped } = require("./lib");

const box = process.env.SANDBOX;
const key = "sdk-key-1";
const secret = "sdk-secret-1";
const company = "7";
const application = "64d24a8a911bf1c20ac3685c";
const webhooks = { notification_email: "ops@x.example", api_path: "/api/webhooks", subscribed_saleschannel: "all" };

async function main() {
  const app = express();
  const seen = { events: [], uninstalled: 0, installed: 0, errors: [] };
  const server = await new Promise((ready) => { const s = app.listen(0, "127.0.0.1", () => ready(s)); });
  const base = "http://127.0.0.1:" + server.address().port;
  await control(box, "PUT", "/fynd/extensions", {
    api_key: key, api_secret: secret, name: "SDK Pay", base_url: base, channels: [{ company_id: company, company: "Seven", application_id: application, application: "Seven's shop" }],
  });
  await control(box, "PUT", "/fynd", { company_id: company, known_only: true });

  const handler = async (name, body) => { seen.events.push([name, body.event.id]); };
  const event = (version = "1") => ({ version, handler, provider: "rest" });
  const fdk = await setupFdk({
    api_key: key, api_secret: secret, base_url: base, cluster: box, storage: new MemoryStorage("sdk"), access_mode: "offline",
    callbacks: {
      auth: async (req) => `${req.extension.base_url}/company/${req.query.company_id}/credentials?application_id=${req.query.application_id}`,
      uninstall: async () => { seen.uninstalled++; },
      auto_install: async () => { seen.installed++; },
    },
    webhook_config: { ...webhooks, event_map: { "application/refund/refund_done": event(), "application/order/placed": event() } },
  }, true);
  app.use(cookieParser("ext.session"));
  app.use(express.json({ limit: "2mb" }));
  app.use("/", fdk.fdkHandler);
  app.post(webhooks.api_path, async (req, res) => {
    try {
      await fdk.webhookRegistry.processWebhook(req);
      return res.status(200).json({ success: true });
    } catch (error) {
      return res.status(500).json({ success: false, error: error.message });
    }
  });
  app.use((error, _req, res, _next) => {
    seen.errors.push(error.message);
    res.status(500).json({ error: error.message });
  });

  await fact("setupFdk reads the extension's details and the events", () => {
    assert.equal(fdk.extension.isInitialized, true);
    assert.equal(fdk.extension.extensionData.extension_name, "SDK Pay");
    assert.equal(fdk.extension.extensionData.base_url, base);
    assert.ok(fdk.extension.scopes.includes("company/payment"));
  });
  await fact("an event that does not exist is a fatal mistake", async () => {
    const config = { ...webhooks, event_map: { "application/refund/refund_undone": event() } };
    await assert.rejects(fdk.webhookRegistry.initialize(config, fdk.extension.configData), /refund_undone/);
    await fdk.webhookRegistry.initialize(fdk.extension.configData.webhook_config, fdk.extension.configData);
  });

  // install goes from the extension to Fynd; the first time a seller presses Allow or Refuse there.
  const install = async (button) => {
    const browser = new Browser();
    const begun = await browser.go(`${base}/fp/install?company_id=${company}&application_id=${application}`);
    assert.equal(begun.status, 302);
    const asked = await browser.go(begun.location);
    let back = asked.location;
    if (asked.status === 200) {
      const links = [...asked.text.matchAll(/<a class="button[^"]*" href="([^"]+)">(Allow|Refuse)/g)];
      back = unescaped(links.find((l) => l[2] === button)[1]);
    }
    return { begun, asked, back, ended: await browser.go(back) };
  };
  await fact("a seller refuses the installation", async () => {
    const { ended } = await install("Refuse");
    assert.equal(ended.status, 500);
    assert.match(ended.text, /refused/);
  });
  for (const [how, want] of [["wrong_state", /Invalid oauth call/], ["expired_code", /Invalid code/], ["used_code", /Invalid code/]]) {
    await fact("an installation fails with " + how, async () => {
      await control(box, "PUT", "/fynd", { company_id: company, authorize: how });
      const { ended } = await install("Allow");
      await control(box, "PUT", "/fynd", { company_id: company, authorize: "" });
      assert.equal(ended.status, 500);
      assert.match(ended.text, want);
    });
  }
  let installed;
  await fact("a seller allows the installation", async () => {
    installed = await install("Allow");
    assert.equal(installed.asked.status, 200);
    assert.equal(installed.ended.location, `${base}/company/${company}/credentials?application_id=${application}`);
  });
  await fact("a code is good once", async () => {
    const code = new URL(installed.back).searchParams.get("code");
    const config = await fdk.extension.getPlatformConfig(company);
    await assert.rejects(config.oauthClient.getOfflineAccessToken(fdk.extension.scopes, code), /Invalid code/);
  });
  await fact("a seller who allowed it is asked no more", async () => {
    const { asked, ended } = await install("Allow");
    assert.equal(asked.status, 302);
    assert.equal(ended.status, 302);
  });
  const subscriber = async () => (await fdk.webhookRegistry.getSubscriberConfig(await fdk.getPlatformClient(company))).rest;
  await fact("the installation subscribed to the events", async () => {
    const now = await subscriber();
    assert.equal(now.webhook_url, base + webhooks.api_path);
    assert.equal(now.auth_meta.secret, secret);
    assert.deepEqual(now.event_configs.map((e) => e.event_type).sort(), ["placed", "refund_done"]);
  });
  for (const version of ["2.0", "1.0"]) {
    await fact(`subscribing falls back to version ${version}`, async () => {
      await control(box, "PUT", "/fynd", { company_id: company, webhook_api: version });
      const was = fdk.extension.configData.webhook_config.event_map;
      const config = { ...webhooks, notification_email: `v${version[0]}@x.example`, event_map: was };
      await fdk.webhookRegistry.syncEvents(await fdk.getPlatformClient(company), config, true);
      const now = await subscriber();
      assert.equal(now.email_id, `v${version[0]}@x.example`);
      assert.equal(now.event_configs.length, 2);
      await control(box, "PUT", "/fynd", { company_id: company, webhook_api: "3.0" });
    });
  }

  // The client proper, every answer checked against the models.
  const token = async () => (await fdk.getPlatformClient(company)).config.oauthClient.raw_token;
  const strict = (given) => {
    const c = new PlatformClient({ companyId: Number(company), domain: box, apiKey: key, apiSecret: secret, useAutoRenewTimer: false }, { strictResponseCheck: true });
    c.config.oauthClient.setToken(given);
    c.config.oauthClient.token_expires_at = Date.now() + given.expires_in * 1000;
    return c;
  };
  const client = strict(await token());
  const payment = client.application(application).payment;
  await control(box, "POST", "/payments", { gateway: "fynd", id: "TRSDK1", order_id: "FYSDK1", amount_minor: 49900, currency: "INR", state: "created" });
  const detail = (status) => ({
    gid: "TRSDK1", payment_id: "pay_1", mode: "test", amount: 49900, amount_captured: status === "complete" ? 49900 : 0, success_url: "https://s.example/?a=1&b=<é>",
    cancel_url: "https://c.example/", payment_methods: [{}], g_user_id: "u", currency: "INR", aggregator_order_id: "order_1", status, created: "1700000000000",
  });
  const session = (status) => signed({
    gid: "TRSDK1", status, currency: "INR", total_amount: 49900, payment_details: [detail(status)],
    order_details: { gid: "TRSDK1", amount: 49900, status, currency: "INR", aggregator_order_details: {}, aggregator: "SDK Pay" },
  });
  const signed = (body) => ({ ...body, checksum: hmac(secret, JSON.stringify(body)) });
  for (const status of ["pending", "complete", "complete"]) {
    await fact(`updatePaymentSession says ${status}`, async () => {
      const said = await payment.updatePaymentSession({ gid: "TRSDK1", body: session(status) });
      assert.equal(said.status, status);
      assert.equal(said.platform_transaction_details[0].payment_id, "pay_1");
    });
  }
  await fact("a wrong checksum is refused", async () => {
    const body = { ...session("complete"), checksum: hmac("another", "{}") };
    await assert.rejects(payment.updatePaymentSession({ gid: "TRSDK1", body }), (e) => e.code === 400 && /Invalid checksum/.test(e.message));
  });
  await fact("a complete payment does not become pending", async () => {
    await assert.rejects(payment.updatePaymentSession({ gid: "TRSDK1", body: session("pending") }), (e) => e.code === 409);
  });
  await fact("a gid nobody knows is not found", async () => {
    const body = signed(JSON.parse(JSON.stringify({ ...session("pending"), checksum: undefined }).replaceAll("TRSDK1", "TRSDK9")));
    await assert.rejects(payment.updatePaymentSession({ gid: "TRSDK9", body }), (e) => e.code === 404);
  });
  for (const status of ["refund_initiated", "refund_pending", "refund_done"]) {
    await fact(`updateRefundSession says ${status}`, async () => {
      const body = signed({
        gid: "TRSDK1", status, currency: "INR", total_amount: 49900, payment_details: detail("complete"),
        refund_details: [{ request_id: "16916747740991418099", payment_id: "pay_1", amount: 100, status, created: "1700000000000", currency: "INR" }],
      });
      const said = await payment.updateRefundSession({ gid: "TRSDK1", requestId: "16916747740991418099", body });
      assert.equal(said.status, status);
      assert.equal(said.total_refund_amount, 100);
    });
  }
  await fact("getPaymentSession knows what was reported", async () => {
    const said = await payment.getPaymentSession({ gid: "TRSDK1" });
    assert.equal(said.status, "complete");
    assert.equal(said.refund_details[0].request_id, "16916747740991418099");
  });
  await fact("confirmPayment confirms an order once", async () => {
    const body = { order_id: "FYSDK1", payment_methods: [{ mode: "CC", name: "SDK Pay", amount: 499, meta: { payment_id: "pay_1", order_id: "order_1", current_status: "complete", payment_gateway: "SDK Pay" } }] };
    for (const want of [/confirmed/i, /already confirmed/i]) {
      const said = await payment.confirmPayment({ body });
      assert.equal(said.success, true);
      assert.match(said.message, want);
    }
    const ledger = await control(box, "GET", "/ledger?gateway=fynd&payment=FYSDK1&verb=confirm");
    assert.equal(ledger.length, 1);
  });
  await fact("the library does not take an answer that lacks what it needs", async () => {
    await control(box, "PUT", "/faults", { gateway: "fynd", verb: "payment_session", mode: "empty_after", times: 1 });
    await assert.rejects(payment.updatePaymentSession({ gid: "TRSDK1", body: session("complete") }));
  });
  await fact("a token is renewed before it ends, and the old one ends", async () => {
    await control(box, "PUT", "/fynd", { company_id: company, token_seconds: 60 });
    const short = strict({ ...(await token()), expires_in: 60 }); // less than two minutes are left
    const before = short.config.oauthClient.token;
    await short.application(application).payment.getPaymentSession({ gid: "TRSDK1" });
    assert.notEqual(short.config.oauthClient.token, before);
    await control(box, "PUT", "/fynd", { company_id: company, token_seconds: 3599 });
    await assert.rejects(strict({ access_token: "nobody's", expires_in: 3600 }).application(application).payment.getPaymentSession({ gid: "TRSDK1" }), (e) => e.code === 401);
  });

  // Webhooks, checked by the library.
  const send = (more) => control(box, "POST", "/fynd/webhooks", {
    event: "REFUND_DONE", company_id: Number(company), application_id: application, gid: "TRSDK1", gofynd_order_id: "FYSDK1", amount: "499.50", currency: "INR", subscribed: true, ...more,
  });
  await fact("the library accepts a signed event, and again", async () => {
    assert.deepEqual((await send({ event_id: "e1", times: 2 })).statuses, [200, 200]);
    assert.deepEqual(seen.events, [["application/refund/refund_done/v1", "e1"], ["application/refund/refund_done/v1", "e1"]]);
  });
  await fact("the library accepts an event whose texts are of every script", async () => {
    assert.deepEqual((await send({ event: "ORDER_PLACED", order: { customer: { name: 'Zoë <A&B> "ज़ोया" 💐\u2028' } } })).statuses, [200]);
  });
  await fact("the library refuses a forged event", async () => {
    for (const forge of ["signature", "missing"]) assert.deepEqual((await send({ forge })).statuses, [500]);
    assert.equal(seen.events.length, 3);
  });
  await fact("the library takes a ping without looking at its signature", async () => {
    assert.deepEqual((await send({ event: "PING", forge: "missing" })).statuses, [200]);
  });

  await fact("auto_install needs no browser", async () => {
    const { answers } = await control(box, "POST", "/fynd/auto_install", { api_key: key, company_id: company });
    assert.equal(answers[0].status, 200);
    assert.equal(seen.installed, 1);
  });
  await fact("revoked tokens are good no more", async () => {
    const c = strict(await token());
    await control(box, "POST", "/fynd/revoke", { api_key: key, company_id: company });
    await assert.rejects(c.application(application).payment.getPaymentSession({ gid: "TRSDK1" }), (e) => e.code === 401);
    await assert.rejects(c.config.oauthClient.renewAccessToken(true), /Invalid refresh/);
  });
  await fact("uninstall tells the extension", async () => {
    const { answers } = await control(box, "POST", "/fynd/uninstall", { api_key: key, company_id: company });
    assert.equal(answers[0].status, 200);
    assert.equal(seen.uninstalled, 1);
  });
  server.close();
  server.closeAllConnections();
}

main().catch((error) => { console.error(error); process.exit(1); });
