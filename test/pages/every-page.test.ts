/** Every page, in both languages, both colour schemes, wide and narrow: nothing serious for axe, nothing sticks out, no fault of a script. */
import { describe, expect, it } from "vitest";
import { listEngagements } from "../../src/store/engagements.ts";
import { whyNoChromium } from "../setup/chromium.ts";
import { expectAccessible, picture, type Reader, type Running, startPages } from "./start-pages.ts";

const reason = whyNoChromium();
if (reason !== null) console.warn(`SKIPPED, no Chromium: ${reason}`);

const paths = async ({ house, accountId }: Running): Promise<{ [name: string]: string }> => {
  const read = house.database.read;
  await expect
    .poll(async () => (await listEngagements(read, accountId, { limit: 200 })).data.length, { timeout: 30_000 })
    .toBeGreaterThan(20);
  return { timeline: "/timeline", users: "/users", me: "/me", setup: "/setup" };
};

const open = { signin: "/signin", docs: "/docs" };

const readers: Reader[] = [
  { language: "en", scheme: "light", width: 1440 },
  { language: "pl", scheme: "dark", width: 1440 },
  { language: "pl", scheme: "light", width: 360 },
  { language: "en", scheme: "dark", width: 360 },
];

describe.skipIf(reason !== null)("every page", () => {
  it("can be read by everybody", { timeout: 300_000 }, async () => {
    const running = await startPages();
    const all = { ...(await paths(running)), ...open };
    for (const reader of readers) {
      const { page, context } = await running.open(reader);
      const faults: string[] = [];
      page.on("pageerror", (error) => faults.push(String(error)));
      page.on("console", (message) => void (message.type() === "error" && faults.push(message.text())));
      await page.goto(await running.ownerLink());
      for (const [name, path] of Object.entries(all)) {
        const answer = await page.goto(running.url + path);
        const what = [name, reader.language, reader.scheme, reader.width].join("-");
        expect(answer?.status(), what).toBe(200);
        await expectAccessible(page, what);
        await picture(page, what);
      }
      expect(faults).toEqual([]);
      await context.close();
    }
  });
});
