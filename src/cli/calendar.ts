import cron, { type ScheduledTask } from "node-cron";
import { listAccounts } from "../store/accounts.ts";
import { expireWaiting } from "../store/save-page.ts";
import { deleteEndedSignIns } from "../store/sign-in.ts";
import { claimSlot } from "../store/slots.ts";
import type { House } from "./house.ts";

/** Work by the calendar: when, under which name, and what. */
const calendar: { when: string; name: string; work: (house: House) => Promise<void> }[] = [
  { when: "*/10 * * * *", name: "expire-waiting", work: expireAll },
  { when: "17 3 * * *", name: "forget-sign-ins", work: ({ database, now }) => database.transaction((tx) => deleteEndedSignIns(tx, now())) },
];

/** Schedules it. node-cron fires in every process; the one that claims the (name, minute) row first does the work, once. */
export const scheduleCalendar = (house: House): { stop: () => void } => {
  const tasks: ScheduledTask[] = calendar.map(({ when, name, work }) =>
    cron.schedule(when, async () => {
      try {
        const slot = new Date(house.now()).toISOString().slice(0, 16);
        if (await house.database.transaction((tx) => claimSlot(tx, name, slot, house.now()))) await work(house);
      } catch (error) {
        house.log.error({ err: error, task: name }, "calendar work failed; it is tried again at its next time");
      }
    }),
  );
  return {
    stop: () => {
      for (const task of tasks) void task.destroy();
    },
  };
};

async function expireAll(house: House): Promise<void> {
  let cursor: string | null = null;
  do {
    const page = await listAccounts(house.database.read, { limit: 200, cursor });
    for (const account of page.data) await expireWaiting(house.database, account.id, house.now());
    cursor = page.nextCursor;
  } while (cursor !== null);
}
