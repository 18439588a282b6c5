import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { Dispatcher, JobsOptions } from "../../src/ports/jobs.ts";
import { afterThis } from "../store/engines.ts";

type Item = { id: string };

/** What every dispatcher does. `open` gives one for a test alone; where several workers can share the work, they are opened by `openBeside`. */
export const jobsContract = (name: string, open: () => Promise<{ first: Dispatcher; openBeside?: () => Promise<Dispatcher> }>): void => {
  const start = (dispatcher: Dispatcher, options: Partial<JobsOptions<Item>> & Pick<JobsOptions<Item>, "due" | "work">) => {
    const jobs = dispatcher.start<Item>({
      name: "things",
      keyOf: ({ id }) => id,
      concurrency: 3,
      lookEveryMs: 20,
      onError: (error) => {
        throw error;
      },
      ...options,
    });
    afterThis(() => jobs.stop());
    return jobs;
  };

  describe(name, () => {
    it("works every due item, never more at once than it may, never one twice at once", async () => {
      const { first, openBeside } = await open();
      const dispatchers = [first, ...(openBeside ? [await openBeside()] : [])];
      const due = new Set(Array.from({ length: 60 }, (_, n) => `thing ${n}`));
      const running = new Set<string>();
      const faults: string[] = [];
      const ended: string[] = [];
      const most = dispatchers.map(() => 0);
      for (const [i, dispatcher] of dispatchers.entries()) {
        let here = 0;
        start(dispatcher, {
          due: async (limit) => [...due].slice(0, limit).map((id) => ({ id })),
          work: async ({ id }, _signal, before) => {
            if (running.has(id)) faults.push(`${id} twice at once`);
            if (before !== "ended") faults.push(`${id} said to have been begun before: ${before}`);
            running.add(id);
            here += 1;
            most[i] = Math.max(most[i] ?? 0, here);
            await pause(10);
            here -= 1;
            running.delete(id);
            due.delete(id);
            ended.push(id);
          },
        });
      }
      await expect.poll(() => due.size, { timeout: 15_000 }).toBe(0);
      expect(faults).toEqual([]);
      expect(most).toEqual(dispatchers.map(() => 3));
      expect(new Set(ended).size).toBe(60);
    });

    it("works an item again that is due again", async () => {
      const { first } = await open();
      let worked = 0;
      start(first, {
        due: async () => [{ id: "ever" }],
        work: async () => {
          await pause(1);
          worked += 1;
        },
      });
      await expect.poll(() => worked, { timeout: 10_000 }).toBeGreaterThan(3);
    });

    it("looks at once when nudged", async () => {
      const { first } = await open();
      let asked = 0;
      const worked: string[] = [];
      const jobs = start(first, {
        due: async () => {
          asked += 1;
          return asked < 2 ? [] : [{ id: "told of" }];
        },
        work: async ({ id }) => {
          await pause(1);
          worked.push(id);
        },
        lookEveryMs: 3_600_000,
      });
      await expect.poll(() => asked, { timeout: 5000 }).toBe(1);
      jobs.nudge();
      await expect.poll(() => worked[0], { timeout: 5000 }).toBe("told of");
    });

    it("goes on after the database could not say what is due, and after a turn that threw", async () => {
      const { first } = await open();
      let asked = 0;
      const errors: string[] = [];
      start(first, {
        due: async () => {
          asked += 1;
          if (asked === 1) throw new Error("no database");
          return [{ id: `thing ${asked}` }];
        },
        work: async () => {
          await pause(1);
          throw new Error("no turn");
        },
        onError: (error) => errors.push((error as Error).message),
      });
      await expect.poll(() => errors.length, { timeout: 10_000 }).toBeGreaterThan(4);
      expect(new Set(errors)).toEqual(new Set(["no database", "no turn"]));
    });

    it("hands an item out again whose turn threw, says so, also when it is not due", async () => {
      const { first } = await open();
      const turns: string[] = [];
      let asked = 0;
      start(first, {
        due: async () => {
          asked += 1;
          return asked === 1 ? [{ id: "broken" }] : [];
        },
        work: async (_item, _signal, before) => {
          await pause(1);
          turns.push(before);
          if (turns.length < 3) throw new Error("no database");
        },
        onError: () => {},
      });
      await expect.poll(() => turns.length, { timeout: 15_000 }).toBe(3);
      await pause(1500);
      expect(turns).toEqual(["ended", "threw", "threw"]);
    });

    it("stops by aborting what runs and waiting for it, and hands out nothing more", async () => {
      const { first } = await open();
      const events: string[] = [];
      const jobs = start(first, {
        due: async () => [{ id: "one" }, { id: "two" }],
        concurrency: 1,
        work: async ({ id }, signal) => {
          events.push(`${id} begins`);
          await new Promise((resolve) => signal.addEventListener("abort", resolve));
          await pause(5);
          events.push(`${id} ends`);
        },
      });
      await expect.poll(() => events.length, { timeout: 10_000 }).toBe(1);
      await jobs.stop();
      await pause(50);
      const worked = events[0]?.split(" ")[0];
      expect(events).toEqual([`${worked} begins`, `${worked} ends`]);
    });

    it("keeps kinds of work apart", async () => {
      const { first } = await open();
      const seen = new Set<string>();
      for (const kind of ["apples", "pears"]) {
        start(first, {
          name: kind,
          due: async () => [{ id: kind }],
          work: async ({ id }) => {
            await pause(1);
            seen.add(`${kind} gets ${id}`);
          },
        });
      }
      await expect.poll(() => seen.size, { timeout: 10_000 }).toBe(2);
      expect(seen).toEqual(new Set(["apples gets apples", "pears gets pears"]));
    });

    it("counts a worker as one of those there are", async () => {
      const { first, openBeside } = await open();
      expect(await first.share()).toEqual({ index: 0, of: 1 });
      if (!openBeside) return;
      const second = await openBeside();
      const shares = [await first.share(), await second.share()];
      expect(shares.map(({ of }) => of)).toEqual([2, 2]);
      expect(new Set(shares.map(({ index }) => index))).toEqual(new Set([0, 1]));
    });
  });
};
