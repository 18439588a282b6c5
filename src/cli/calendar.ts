import cron, { type ScheduledTask } from "node-cron";
import { openMailer } from "../deliver/mailer.ts";
import { type OwnerMailDeps, remindOwners, sendDigests } from "../deliver/owner-mail.ts";
import { listAccounts } from "../store/accounts.ts";
import { accountsWithAgedPending, agePending } from "../store/age-pending.ts";
import { deleteEndedAuthorizations } from "../store/authorizations.ts";
import { forgetOld } from "../store/forget-old.ts";
import { reportGlobally, sharingAccounts } from "../store/global-bounces.ts";
import { allInboxes } from "../store/inboxes.ts";
import { deleteEndedSignIns } from "../store/sign-in.ts";
import { claimSlot, forgetSlots } from "../store/slots.ts";
import { mendFuturePolls } from "../store/turns.ts";
import { accountsWithExpiredNotices, accountsWithWaitingNotices, expireWaiting, retryWaiting } from "../store/waiting-notices.ts";
import { checkCoverage } from "../sync/check-coverage.ts";
import { renewDueWatches } from "../sync/push-watches.ts";
import type { Role } from "./config.ts";
import type { House } from "./house.ts";
import { pushDeps } from "./push-deps.ts";

/** The signal aborts when the daemon stops. `everywhere`: by each process, whatever others did. */
type Work = { when: string; name: string; role: Role; everywhere?: true; work: (house: House, signal: AbortSignal) => Promise<unknown> };

const day = 86_400_000;

/** Work by the calendar: when, under which name, by processes of which role, and what. */
export const calendar: readonly Work[] = [
  { when: "*/10 * * * *", name: "waiting-notices", role: "sync", work: tryWaiting },
  { when: "*/10 * * * *", name: "age-pending", role: "sync", work: ageAll },
  { when: "7 * * * *", name: "global-rule", role: "sync", work: reportAll },
  { when: "*/5 * * * *", name: "push-watches", role: "sync", work: (house) => renewDueWatches(pushDeps(house)) },
  { when: "* * * * *", name: "reminders", role: "deliver", work: (house) => withMail(house, remindOwners) },
  { when: "2 * * * *", name: "digests", role: "deliver", work: (house) => withMail(house, sendDigests) },
  { when: "* * * * *", name: "future-polls", role: "sync", everywhere: true, work: mendClocks },
  { when: "17 3 * * *", name: "forget-old", role: "sync", work: forgetAll },
  { when: "43 1 * * *", name: "coverage", role: "sync", work: compareAll },
];

/** Schedules what is of this process's roles. node-cron fires in every process; the one that claims the (name, minute) row first does the work, once. */
export const scheduleCalendar = (house: House): { stop: () => void } => {
  const stopping = new AbortController();
  const ours = calendar.filter(({ role }) => house.config.roles.includes(role));
  const tasks = ours.map((entry): ScheduledTask => cron.schedule(entry.when, () => workOnce(house, entry, stopping.signal)));
  return {
    stop: () => {
      stopping.abort();
      for (const task of tasks) void task.destroy();
    },
  };
};

/** Does a piece of work unless somebody did it this minute. A failure is logged, and the work is tried again at its next time. */
export const workOnce = async (
  house: House,
  { name, everywhere, work }: Pick<Work, "name" | "everywhere" | "work">,
  signal = new AbortController().signal,
): Promise<void> => {
  try {
    const slot = new Date(house.now()).toISOString().slice(0, 16);
    if (everywhere || (await house.database.transaction((tx) => claimSlot(tx, name, slot, house.now())))) await work(house, signal);
  } catch (error) {
    house.log.error({ err: error, task: name }, "calendar work failed; it is tried again at its next time");
  }
};

/** Tries every waiting notice again, and ends the wait of those that waited long enough. */
async function tryWaiting({ database, now }: House): Promise<void> {
  for (const accountId of await accountsWithWaitingNotices(database.read)) await retryWaiting(database, accountId, now());
  for (const accountId of await accountsWithExpiredNotices(database.read, now())) await expireWaiting(database, accountId, now());
}

async function ageAll({ database, now }: House): Promise<void> {
  for (const accountId of await accountsWithAgedPending(database.read, now())) await agePending(database, accountId, now());
}

/** A clock that went back took the claims of the minutes to come with it, too: nothing is claimed for this. */
async function mendClocks({ database, now, log }: House): Promise<void> {
  const inboxes = await database.transaction((tx) => mendFuturePolls(tx, now()));
  if (inboxes > 0) log.warn({ inboxes }, "inboxes were last polled in the future: a clock was set back; they are due now");
}

/** Deletes what was kept long enough, one account after the other. */
async function forgetAll({ database, now, config }: House): Promise<void> {
  const { seen, notices, events, audit } = config.keepDays;
  const retention = { headerFactsMs: seen * day, noticesMs: notices * day, eventsMs: events * day, auditMs: audit * day };
  let cursor: string | null = null;
  do {
    const page = await listAccounts(database.read, { limit: 200, cursor });
    for (const account of page.data) await database.transaction((tx) => forgetOld(tx, account.id, now(), retention));
    cursor = page.nextCursor;
  } while (cursor !== null);
  await database.transaction(async (tx) => {
    await deleteEndedSignIns(tx, now());
    await deleteEndedAuthorizations(tx, now());
    await forgetSlots(tx, now() - 7 * day);
  });
}

/** Opens the operator's mail server for a piece of work; without one there is none. */
async function withMail(house: House, work: (deps: OwnerMailDeps) => Promise<void>): Promise<void> {
  const { smtpUrl, from, language } = house.config.mail;
  if (smtpUrl === null || from === null) return;
  const mailer = openMailer({ smtpUrl, from });
  const { host, port } = house.config.listen;
  const labelOf = async (provider: string) => (await house.loadConnector(provider))?.describe.label ?? provider;
  const { database, now, log } = house;
  try {
    await work({ database, now, log, mailer, language, labelOf, publicUrl: house.config.publicUrl ?? `http://${host}:${port}` });
  } finally {
    mailer.close();
  }
}

/** What accounts that share report of their addresses, one account after the other. */
async function reportAll({ database, keys }: House): Promise<void> {
  for (const accountId of await sharingAccounts(database.read)) await reportGlobally(database, keys, accountId);
}

/** Compares every inbox with its provider, one after the other: nobody waits for it, and others use the same quotas. */
async function compareAll(house: House, signal: AbortSignal): Promise<void> {
  let cursor: string | null = null;
  do {
    const page = await listAccounts(house.database.read, { limit: 200, cursor });
    for (const account of page.data) {
      for (const inbox of await allInboxes(house.database.read, account.id)) {
        if (signal.aborted) return;
        if (inbox.state !== "erased" && inbox.state !== "disconnected") await checkCoverage(house, account.id, inbox.id, { signal });
      }
    }
    cursor = page.nextCursor;
  } while (cursor !== null);
}
