/** Mail to the owners of inboxes: a reminder to reconnect, and a digest for who asked for one. Never a mail per bounce. */
import { addressKey } from "../bounces/keys.ts";
import { engagementText } from "../messages/engagement-text.ts";
import { inboxText } from "../messages/inbox-text.ts";
import { type Language, text, timeText } from "../messages/text.ts";
import type { Log } from "../ports/connector.ts";
import type { Database } from "../ports/database.ts";
import { type Engagement, listEngagements } from "../store/engagements.ts";
import { listInboxes } from "../store/inboxes.ts";
import { digestReaders, inboxesThatNeedOwners, type NeedyInbox, saveDigest, saveReminder } from "../store/owner-mail.ts";
import type { User } from "../store/users.ts";
import type { Mail, Mailer } from "./mailer.ts";

export type OwnerMailDeps = {
  database: Database;
  now: () => number;
  log: Pick<Log, "warn">;
  mailer: Mailer;
  publicUrl: string;
  /** For owners whose language is not known. */
  language: Language;
  /** A provider's name for people. */
  labelOf: (provider: string) => Promise<string>;
};

const day = 86_400_000;

/** At once, after 3 and after 7 days. */
const remindAfter = [0, 3 * day, 7 * day];

/** True when the next reminder is due. */
export const reminderDue = ({ inbox, reminded }: Pick<NeedyInbox, "inbox" | "reminded">, now: number): boolean => {
  const after = remindAfter[reminded];
  return after !== undefined && now - inbox.stateSince >= after;
};

/** Reminds the owners of inboxes that wait for them. One that cannot be sent is tried again at the next time. */
export const remindOwners = async (deps: OwnerMailDeps): Promise<void> => {
  const { database, now } = deps;
  for (const needy of await inboxesThatNeedOwners(database.read)) {
    if (!reminderDue(needy, now())) continue;
    if (await send(deps, await reminder(deps, needy)))
      await database.transaction((tx) => saveReminder(tx, needy.inbox, needy.reminded, now()));
  }
};

const reminder = async (deps: OwnerMailDeps, { inbox, language: known }: NeedyInbox): Promise<Mail> => {
  const language = known ?? deps.language;
  const { meaning } = inboxText(language, inbox, await deps.labelOf(inbox.provider), deps.now());
  const values = { address: inbox.address, meaning, link: `${deps.publicUrl}/inboxes/${inbox.id}` };
  return {
    to: inbox.address,
    language,
    subject: text(language, "mail.reminder.subject", values),
    text: text(language, "mail.reminder.body", values),
  };
};

const send = async ({ mailer, log }: OwnerMailDeps, mail: Mail): Promise<boolean> => {
  try {
    await mailer.send(mail);
    return true;
  } catch (error) {
    log.warn({ err: (error as Error).message }, "mail to an inbox's owner was not taken; it is tried again");
    return false;
  }
};

const digestHour = 8;
const most = 20;

/** True in the hour of the digest on a weekday of the reader's zone, when there was none this morning. */
export const digestDue = (timeZone: string, sentAt: number | null, now: number): boolean => {
  const parts = new Intl.DateTimeFormat("en-GB", { timeZone, weekday: "short", hour: "2-digit", hourCycle: "h23" }).formatToParts(now);
  const of = (type: string) => parts.find((part) => part.type === type)?.value ?? "";
  const isWeekday = of("weekday") !== "Sat" && of("weekday") !== "Sun";
  return isWeekday && Number(of("hour")) === digestHour && (sentAt === null || now - sentAt > day / 2);
};

/** Sends the digests that are due: what happened to a reader's own bounces since the last one. Where nothing did, there is no mail. */
export const sendDigests = async (deps: OwnerMailDeps): Promise<void> => {
  const { database, now } = deps;
  for (const { user, sentAt } of await digestReaders(database.read)) {
    if (!digestDue(user.timeZone ?? "UTC", sentAt, now())) continue;
    const since = sentAt ?? now() - day;
    const bounces = await newBounces(deps, user, since);
    if (bounces.length === 0 || (await send(deps, digest(deps, user, bounces, since))))
      await database.transaction((tx) => saveDigest(tx, user, now()));
  }
};

const newBounces = async ({ database }: OwnerMailDeps, user: User, since: number): Promise<Engagement[]> => {
  const own: string[] = [];
  for (let cursor: string | null = null; ; ) {
    const page: Awaited<ReturnType<typeof listInboxes>> = await listInboxes(database.read, user.accountId, { limit: 200, cursor });
    own.push(...page.data.filter((inbox) => inbox.addresses.includes(addressKey(user.email))).map(({ id }) => id));
    cursor = page.nextCursor;
    if (cursor === null) break;
  }
  const found = await listEngagements(database.read, user.accountId, {
    inboxIds: own,
    updatedSince: since,
    state: ["hard", "soft", "pending"],
    backfill: false,
    sort: "-updatedAt",
    limit: 200,
  });
  return found.data;
};

const digest = ({ publicUrl, language: usual }: OwnerMailDeps, user: User, bounces: readonly Engagement[], since: number): Mail => {
  const language = user.language ?? usual;
  const lines = bounces.slice(0, most).map((bounce) => {
    const { title, actions } = engagementText(language, bounce, user.timeZone ?? "UTC");
    const values = {
      title,
      address: bounce.recipient.address,
      subject: bounce.sentMessage.subject ?? "–",
      action: actions[0]?.text ?? "–",
    };
    return text(language, "mail.digest.line", values);
  });
  const more = bounces.length > most ? [text(language, "mail.digest.more", { n: bounces.length - most })] : [];
  const values = {
    n: bounces.length,
    name: user.name,
    date: timeText(language, since, user.timeZone ?? "UTC"),
    list: [...lines, ...more].join("\n\n"),
    link: `${publicUrl}/timeline`,
  };
  return {
    to: user.email,
    language,
    subject: text(language, "mail.digest.subject", values),
    text: text(language, "mail.digest.body", values),
  };
};
