/** What Graph is asked, so that nobody makes a poll dearer unseen. The figures stand in connectors/README.md. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { lastCursor, letter } from "../letters.ts";
import { type Office365, openOffice365, pullAll, timesAsked } from "./open-office365.ts";

let stage: Office365;
beforeEach(async () => {
  stage = await openOffice365({ extraFolders: [] });
});
afterEach(() => stage.close());

const requestsOf = async (work: () => Promise<unknown>): Promise<number> => {
  const before = timesAsked(stage);
  await work();
  return timesAsked(stage) - before;
};

const fill = (options = {}): void => {
  for (let n = 0; n < 1000; n++) stage.put(n % 4 === 0 ? "sentitems" : "inbox", letter(n), options);
};

test("a poll with nothing new: one request per folder", async () => {
  const first = await pullAll(stage);
  expect(await requestsOf(() => pullAll(stage, lastCursor(first)))).toBe(3);
});

test("1,000 new messages in one poll: seven requests (two pages of Sent, four of the inbox, Junk)", async () => {
  const first = await pullAll(stage);
  fill();
  expect(await requestsOf(() => pullAll(stage, lastCursor(first)))).toBe(7);
});

test("1,000 new messages whose header no list gives: one more for each that was not sent", async () => {
  const first = await pullAll(stage);
  stage.fake.graph.moods.deltaWithoutHeaders = true;
  fill();
  expect(await requestsOf(() => pullAll(stage, lastCursor(first)))).toBe(7 + 750);
});

test("a first sync of 1,000 messages: three folders found, followed and counted, then pages of 200", async () => {
  fill({ receivedAt: Date.now() - 86_400_000 });
  expect(await requestsOf(() => pullAll(stage))).toBe(3 + 3 + 3 + (2 + 4 + 1));
});
