// Reads the documentation page as people do: every route is tried with the examples that stand there.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const { URL: url, KEY: key, MODULES: modules, CHROMIUM: executablePath = "/usr/bin/chromium" } = process.env;
const require = createRequire(`${modules}/`);
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

// Routes that end what the others need come last.
const LAST = ["delete_", "end_", "rotate_", "revoke_", "cancel_"];

const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
const context = await browser.newContext({ bypassCSP: true });
const page = await context.newPage();
const foreign = [];
const broken = [];
page.on("request", (request) => { if (new URL(request.url()).origin !== url) foreign.push(request.url()); });
page.on("pageerror", (error) => broken.push(String(error)));
page.on("console", (message) => {
  // What the browser says of a status is no fault of the page.
  if (message.type() === "error" && !message.text().includes("status of")) broken.push(message.text());
});
await page.goto(`${url}/docs`);
await page.waitForSelector("article");

const spec = await (await fetch(`${url}/openapi.json`)).json();
const operations = Object.entries(spec.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, ...operation })));
const shown = await page.$$eval("article", (articles) => articles.map((article) => article.id));
assert.deepEqual(new Set(shown), new Set(operations.map((one) => one.operationId)), "every route is on the page");

await page.fill("#key", key);
// Whom the demo has, by name: that differs from seed to seed.
const headers = { authorization: `Bearer ${key}` };
const profile = await (await fetch(`${url}/v1/profiles/prf_2000000001`, { headers })).json();
await page.fill("#resolve_account form input[name=account]", `bluesky:${profile.data.handle}`);
const isLast = (one) => LAST.some((start) => one.operationId.startsWith(start));
const statuses = {};
for (const operation of [...operations].sort((one, other) => isLast(one) - isLast(other))) {
  const form = page.locator(`#${operation.operationId} form`);
  const isFilled = await form.evaluate((one) => one.checkValidity());
  assert.ok(isFilled, `${operation.operationId}: what is needed has no example`);
  await form.locator("button.primary").click();
  const output = form.locator("pre[data-status]");
  await output.waitFor();
  const status = await output.getAttribute("data-status");
  const place = `${operation.method.toUpperCase()} ${operation.path}: ${status}`;
  assert.ok(status in operation.responses, `${place} is not documented`);
  assert.ok(Number(status) < 500 && status !== "400", `${place}: ${await output.textContent()}`);
  // What is read with an example is there, but for what only a client's own answers name.
  const isOwn = /quote|charge|alert|consumer|statement|key|budget|webhook|deliver|export|file|privacy/.test(operation.operationId);
  if (operation.method === "get" && !isOwn) assert.equal(status, "200", `${place}: ${await output.textContent()}`);
  statuses[status] = (statuses[status] ?? 0) + 1;
}

// The tabs of the examples, by keyboard.
const tabs = page.locator("article").first().getByRole("tab");
assert.deepEqual(await tabs.allTextContents(), ["curl", "Python", "TypeScript"]);
await tabs.first().focus();
await page.keyboard.press("ArrowRight");
assert.equal(await tabs.nth(1).getAttribute("aria-selected"), "true");

// The search.
await page.fill("#find", "people path");
await page.waitForFunction(() => document.querySelectorAll("article:not([hidden])").length < 5);
assert.ok(await page.locator("#get_path").isVisible());
await page.fill("#find", "");

const findings = [];
for (const [width, colorScheme] of [[1280, "light"], [1280, "dark"], [360, "light"]]) {
  await page.setViewportSize({ width, height: 800 });
  await page.emulateMedia({ colorScheme });
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  for (const one of violations.filter(({ impact }) => ["serious", "critical"].includes(impact))) {
    findings.push(`${width} ${colorScheme} ${one.id}: ${one.help}: ${one.nodes[0].html.slice(0, 200)}`);
  }
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  if (wide > 0) findings.push(`${width}: the page is ${wide} pixels wider than the window`);
}
await browser.close();
assert.deepEqual(findings, []);
assert.deepEqual(foreign, [], "requests to other servers");
assert.deepEqual(broken, [], "errors of the page");
console.log(`${operations.length} routes tried, by status: ${JSON.stringify(statuses)}; no serious findings, no foreign request`);
