/** A running daemon with mail in it, and a browser that looks at it. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import axe from "axe-core";
import pino from "pino";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, expect } from "vitest";
import { loadConfig } from "../../src/cli/config.ts";
import { type House, openHouse } from "../../src/cli/house.ts";
import { runDaemon } from "../../src/cli/run-daemon.ts";
import { upsertAccount } from "../../src/store/accounts.ts";
import { createSignInLink } from "../../src/store/sign-in.ts";
import { createUser } from "../../src/store/users.ts";
import { connectInbox } from "../../src/sync/connect-inbox.ts";
import { openChromium } from "../setup/chromium.ts";
import { temporaryDirectory } from "../store/engines.ts";

export type Reader = { language?: "en" | "pl"; scheme?: "light" | "dark"; width?: 360 | 1440; javaScript?: boolean };

export type Running = {
  house: House;
  url: string;
  accountId: string;
  /** A link into the pages as the operator. */
  ownerLink: () => Promise<string>;
  /** A new browser window, with nothing remembered. */
  open: (reader?: Reader) => Promise<{ page: Page; context: BrowserContext }>;
};

const cleanups: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
}, 60_000);

/** Where screenshots land, to be looked at. */
const shots = join(import.meta.dirname, "../../.cache/screenshots");

/** Starts the daemon on the demo's mailbox of real notices. */
export const startPages = async (): Promise<Running> => {
  const folder = temporaryDirectory();
  const env = { BOUNCELINE_DATA_DIR: `${folder}/data`, BOUNCELINE_PORT: "0", BOUNCELINE_ALLOWED_HOSTS: "127.0.0.1,::1" };
  const config = loadConfig(env, folder);
  const house = await openHouse(
    { ...config, operatorName: "Sales GmbH", privacyUrl: "https://sales.example/privacy", sync: { ...config.sync, pollEverySeconds: 2 } },
    { log: pino({ level: "silent" }) },
  );
  cleanups.push(() => house.close());
  const daemon = await runDaemon(house);
  cleanups.push(() => daemon.stop());
  const account = await house.database.transaction((tx) => upsertAccount(tx, { name: "Acme", logFor: "all" }, Date.now()));
  const path = join(import.meta.dirname, "../../src/cli/demo-mailbox");
  await connectInbox(house.connecting, account.id, {
    provider: "maildir",
    address: "anna@sales.example",
    settings: { path },
    secrets: {},
    owner: { externalId: "user-17", name: "Anna Nowak" },
    since: 0,
  });
  daemon.nudge();
  const browser = await openChromium();
  cleanups.push(() => browser.close());
  return {
    house,
    url: `${daemon.url}`,
    accountId: account.id,
    ownerLink: async () =>
      `${daemon.url}/?signin=${await house.database.transaction((tx) => createSignInLink(tx, account.id, Date.now()))}`,
    open: (reader) => openWindow(browser, reader),
  };
};

const openWindow = async (browser: Browser, { language = "en", scheme = "light", width = 1440, javaScript = true }: Reader = {}) => {
  const context = await browser.newContext({
    locale: language === "pl" ? "pl-PL" : "en-GB",
    timezoneId: "Europe/Warsaw",
    colorScheme: scheme,
    viewport: { width, height: width === 360 ? 740 : 1000 },
    javaScriptEnabled: javaScript,
  });
  return { context, page: await context.newPage() };
};

/** What a reader sees in a part of a page: not what is hidden. */
export const shown = (page: Page, part = "main"): Promise<string> =>
  // biome-ignore lint/performance/useDomNodeTextContent: textContent has what is hidden, too
  page.locator(part).first().innerText();

/** Reloads until the page says something; what comes by polling comes within seconds. */
export const until = async (page: Page, words: string | RegExp): Promise<void> => {
  await expect
    .poll(
      async () => {
        await page.reload();
        return shown(page);
      },
      { timeout: 30_000, interval: 700 },
    )
    .toMatch(words);
};

export const password = "correct horse battery staple";

export type Person = { email: string; name: string; role: "sales" | "support" };

/** Somebody who came by the link an owner gave them, chose a password and is signed in, in a window of their own. */
export const signUp = async ({ house, accountId, url, open }: Running, person: Person, reader?: Reader): Promise<Page> => {
  const { page } = await open(reader);
  const link = await house.database.transaction(async (tx) => {
    const user = await createUser(tx, accountId, person, Date.now());
    return createSignInLink(tx, accountId, Date.now(), user?.id ?? null);
  });
  await page.goto(`${url}/?signin=${link}`);
  await page.locator('input[type="password"]').fill(password);
  await page.locator('form:has(input[type="password"]) button').click();
  return page;
};

/** Takes a picture of the whole page in both languages, and asks axe about it. Only where the page's address shows it again. */
export const pictures = async (page: Page, name: string): Promise<void> => {
  await expectAccessible(page, name);
  await picture(page, name);
  await page.locator('.languages [lang="pl"]').click();
  await picture(page, `${name}-pl`);
  await page.locator('.languages [lang="en"]').click();
};

/** Takes a picture of the whole page for review. */
export const picture = async (page: Page, name: string): Promise<void> => {
  mkdirSync(shots, { recursive: true });
  await page.screenshot({ path: join(shots, `${name}.png`), fullPage: true });
};

type Violation = { id: string; impact: string | null; nodes: { html: string; failureSummary?: string }[] };

/** What axe calls serious or critical (WCAG 2.2 A and AA, and best practice), and whether anything sticks out of the window. */
export const expectAccessible = async (page: Page, what: string): Promise<void> => {
  // Through the debugger, which no Content-Security-Policy holds up.
  await page.evaluate(axe.source);
  const { violations } = (await page.evaluate("axe.run(document, { resultTypes: ['violations'] })")) as { violations: Violation[] };
  const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  expect
    .soft(
      serious.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 200)).join(" | ")}`),
      what,
    )
    .toEqual([]);
  const [inside, wide] = (await page.evaluate("[document.documentElement.clientWidth, document.documentElement.scrollWidth]")) as [
    number,
    number,
  ];
  expect.soft(wide, `${what} is wider than the window`).toBeLessThanOrEqual(inside);
};
