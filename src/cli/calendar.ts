import cron, { type ScheduledTask } from "node-cron";
import { accountsWithAgedPending, agePending } from "../store/age-pending.ts";
import { deleteEndedSignIns } from "../store/sign-in.ts";
import { claimSlot } from "../store/slots.ts";
import { accountsWithExpiredNotices, expireWaiting } from "../store/waiting-notices.ts";
import type { House } from "./house.ts";

type Work = { when: string; name: string; work: (house: House) => Promise<unknown> };

/** Work by the calendar: when, under which name, and what. */
const calendar: Work[] = [
  { when: "*/10 * * * *", name: "expire-waiting", work: expireAll },
  { when: "*/10 * * * *", name: "age-pending", work: ageAll },
  { when: "17 3 * * *", name: "forget-sign-ins", work: ({ database, now }) => database.transaction((tx) => deleteEndedSignIns(tx, now())) },
];

/** Schedules it. node-cron fires in every process; the one that claims the (name, minute) row first does the work, once. */
export const scheduleCalendar = (house: House): { stop: () => void } => {
  const tasks = calendar.map(
    ({ when, name, work }): ScheduledTask =>
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

async function expireAll({ database, now }: House): Promise<void> {
  for (const accountId of await accountsWithExpiredNotices(database.read, now())) await expireWaiting(database, accountId, now());
}

async function ageAll({ database, now }: House): Promise<void> {
  for (const accountId of await accountsWithAgedPending(database.read, now())) await agePending(database, accountId, now());
}
