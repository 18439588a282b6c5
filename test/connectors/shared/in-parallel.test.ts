import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { inParallel } from "../../../connectors/shared/in-parallel.ts";

test("answers come in the items' order, and no more run at once than may", async () => {
  let running = 0;
  let most = 0;
  const answers = await inParallel([30, 1, 20, 2, 10], 2, async (ms) => {
    most = Math.max(most, ++running);
    await sleep(ms);
    running--;
    return ms;
  });
  expect(answers).toEqual([30, 1, 20, 2, 10]);
  expect(most).toBe(2);
  expect(await inParallel([], 3, async () => 1)).toEqual([]);
});

test("after a failure nothing new is begun, and what runs is waited for", async () => {
  const begun: number[] = [];
  let ended = 0;
  const work = inParallel([1, 2, 3, 4, 5, 6], 2, async (n) => {
    begun.push(n);
    if (n === 1) throw new Error("one failed");
    await sleep(10);
    ended++;
  });
  await expect(work).rejects.toThrow("one failed");
  expect([begun, ended]).toEqual([[1, 2], 1]);
});
