import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { startInProcessJobs } from "../../src/jobs/in-process.ts";
import type { DueInbox } from "../../src/ports/jobs.ts";

const inbox = (n: number): DueInbox => ({ accountId: "acc_1", inboxId: `inb_${n}` });
const keyOf = ({ inboxId }: DueInbox): string => inboxId;
const neverMind = (): void => {};

describe("the in-process due-queue", () => {
  it("works every due inbox, never more at once than it may, never one twice at once", async () => {
    const due = new Set([1, 2, 3, 4, 5, 6, 7]);
    const running = new Set<string>();
    let most = 0;
    const jobs = startInProcessJobs<DueInbox>({
      keyOf,
      due: async (limit) => [...due].slice(0, limit).map(inbox),
      work: async ({ inboxId }) => {
        expect(running.has(inboxId)).toBe(false);
        running.add(inboxId);
        most = Math.max(most, running.size);
        await pause(5);
        running.delete(inboxId);
        due.delete(Number(inboxId.slice(4)));
      },
      concurrency: 3,
      lookEveryMs: 2,
      onError: (error) => {
        throw error;
      },
    });
    while (due.size > 0) await pause(2);
    await jobs.stop();
    expect(most).toBe(3);
  });

  it("looks at once when nudged", async () => {
    let asked = 0;
    const jobs = startInProcessJobs<DueInbox>({
      keyOf,
      due: async () => {
        asked += 1;
        return [];
      },
      work: async () => {},
      concurrency: 1,
      lookEveryMs: 60_000,
      onError: neverMind,
    });
    await pause(5);
    jobs.nudge();
    await pause(5);
    await jobs.stop();
    expect(asked).toBe(2);
  });

  it("goes on after the database could not say what is due", async () => {
    let asked = 0;
    const errors: unknown[] = [];
    const jobs = startInProcessJobs<DueInbox>({
      keyOf,
      due: async () => {
        asked += 1;
        if (asked === 1) throw new Error("no database");
        return [];
      },
      work: async () => {},
      concurrency: 1,
      lookEveryMs: 1,
      onError: (error) => errors.push(error),
    });
    while (asked < 3) await pause(1);
    await jobs.stop();
    expect(errors).toHaveLength(1);
  });

  it("stops by aborting what runs and waiting for it", async () => {
    let ended = false;
    const jobs = startInProcessJobs<DueInbox>({
      keyOf,
      due: async () => [inbox(1)],
      work: async (_inbox, signal) => {
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
        await pause(5);
        ended = true;
      },
      concurrency: 1,
      lookEveryMs: 1,
      onError: neverMind,
    });
    await pause(5);
    await jobs.stop();
    expect(ended).toBe(true);
  });
});
