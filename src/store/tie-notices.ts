import { isDeepStrictEqual } from "node:util";
import { classifyReport } from "../bounces/classify.ts";
import { addressKey, domainOf } from "../bounces/keys.ts";
import type { Mapping } from "../bounces/mapping.ts";
import { confirmMatch, idsNamed, likelyWithinMs, type Match, matchReport, type RecipientMatch } from "../bounces/match.ts";
import type { RecipientOutcome } from "../bounces/report.ts";
import type { NoticeState, Write } from "../ports/database.ts";
import { fold, type HistoryEntry } from "../timeline/fold.ts";
import { appendHistory, withFold } from "./append-history.ts";
import { addressOwners, makeContacts } from "./contacts.ts";
import type { EngagementRow } from "./engagements.ts";
import type { NewEvent } from "./events.ts";
import { historyEntry } from "./history-entry.ts";
import { newId } from "./ids.ts";
import { inBatches } from "./in-batches.ts";
import { fromJson } from "./json.ts";
import { type NoticeDecision, readDecisions } from "./notice-decisions.ts";
import { noticeEvent } from "./notice-event.ts";
import { lockNotices, updateNotices, waitingFor } from "./notice-waits.ts";
import { newWords, readSaid, type Words } from "./notice-words.ts";
import type { Notice, TiedRecipient } from "./notices.ts";
import { findSentByIds, findSentToRecipients, getSentMessage, type SentMessage, toCandidate, toCandidates } from "./sent-messages.ts";
import { type Decision, decideWhomToLog } from "./whom-to-log.ts";

/** How long a notice waits for its sent message, or for the ancestors in its References to count. */
export const waitingMs = 72 * 3_600_000;

/**
 * How notices are tied. `waitingIsOver`: their messages will not come any more. `judgedAgain`: they may say something else than
 * they said so far, and what they say no more is withdrawn; so it is, too, where a person has decided.
 */
export type TieOptions = { waitingIsOver: boolean; judgedAgain?: boolean };

/**
 * Ties notices to the account's sent messages and logs them on their contacts' timelines: the one way there, for a new notice, one
 * that was waiting, one whose wait is over, one a person decided on, and one that was judged again. Returns the events that tell
 * of it; the caller appends them, late. All of it must run in one transaction, and running it again changes nothing.
 */
export const tieNotices = async (
  tx: Write,
  accountId: string,
  noticeIds: readonly string[],
  options: TieOptions,
  now: number,
): Promise<NewEvent[]> => {
  const locked = await lockNotices(tx, accountId, noticeIds);
  if (locked.length === 0) return [];
  const notices = await underOwnMapping(tx, accountId, locked);
  const sought = await seek(tx, accountId, notices, options);
  const ties = sought.flatMap((one) => one.ties);
  const decisions = await decideWhomToLog(tx, accountId, ties);
  const { engagementOf, madeContacts } = await provideEngagements(tx, accountId, ties, decisions, now);
  const words = sought.flatMap((one) => wordsOf(one, engagementOf, options, now));
  const said = await readSaid(
    tx,
    accountId,
    words.map(({ engagementId }) => engagementId),
    noticeIds,
  );
  const { events, created } = await appendHistory(tx, accountId, newWords(words, said, now), now);
  const outcomes = sought.map((one) => conclude(one, engagementOf, decisions, options, now));
  await updateNotices(tx, accountId, outcomes.filter(isNews));
  const told = outcomes.flatMap(({ notice, before }) => noticeEvent(notice, before.state) ?? []);
  // A delivery receipt that came before the bounce it closes waits for the engagement.
  const receipts = await waitingFor(
    tx,
    accountId,
    created.map((row) => `engagement:${row.sent_message_id}`),
  );
  const others = receipts.filter((id) => !noticeIds.includes(id));
  const contactsMade = madeContacts.map((contactId) => ({ type: "contact.created", backfill: false, data: { contactId } }));
  return [...contactsMade, ...events, ...told, ...(await tieNotices(tx, accountId, others, { waitingIsOver: false }, now))];
};

/** The account's own table of reasons over the default one, where it has one: it counts from the next notice on, or when one is judged again. */
const underOwnMapping = async (tx: Write, accountId: string, notices: readonly Notice[]): Promise<Notice[]> => {
  const account = await tx.selectFrom("accounts").select("mapping").where("id", "=", accountId).executeTakeFirst();
  const own = fromJson<Partial<Mapping>>(account?.mapping ?? "{}");
  if (Object.keys(own).length === 0) return [...notices];
  return notices.map((notice) => ({ ...notice, mapping: "account", report: classifyReport(notice.report, own) }));
};

/** One recipient of one notice, tied to a recipient of a sent message. */
export type Tie = {
  /** Names the engagement before it has an id. */
  key: string;
  notice: Notice;
  outcome: RecipientOutcome;
  match: Match;
  sent: SentMessage;
  entry: (now: number) => HistoryEntry;
};

type Sought = {
  notice: Notice;
  matches: RecipientMatch[];
  ties: Tie[];
  namedIds: string[];
  idIsKnown: boolean;
  decision: NoticeDecision | undefined;
};

/** What a notice is to say of each engagement it is tied to, and of those it was logged in and is tied to no more. */
const wordsOf = (sought: Sought, engagementOf: ReadonlyMap<string, string>, options: TieOptions, now: number): Words[] => {
  const { notice, ties, decision } = sought;
  const again: Words["again"] = options.judgedAgain ? "reclassified" : decision ? "decided" : null;
  const byKey = Map.groupBy(ties, (tie) => tie.key);
  const spoken = [...byKey].flatMap(([key, some]) => {
    const engagementId = engagementOf.get(key);
    return engagementId === undefined ? [] : [{ engagementId, notice, entries: some.map((tie) => tie.entry(now)), again }];
  });
  if (again === null) return spoken;
  const left = notice.matches.flatMap(({ match, engagementId }) =>
    match && engagementId !== null && !byKey.has(tieKey(match)) ? [engagementId] : [],
  );
  return [...spoken, ...[...new Set(left)].map((engagementId) => ({ engagementId, notice, entries: [], again }))];
};

const seek = async (tx: Write, accountId: string, notices: readonly Notice[], options: TieOptions): Promise<Sought[]> => {
  const named = new Map(notices.map((notice) => [notice.id, idsNamed(notice.report).map(({ id }) => id)]));
  const found = await findSentByIds(tx, accountId, [...named.values()].flat());
  const decisions = await readDecisions(
    tx,
    accountId,
    notices.map((notice) => notice.id),
  );
  const own = await ownAddresses(
    tx,
    accountId,
    notices.map((notice) => notice.inboxId),
  );
  const sought: Sought[] = [];
  for (const notice of notices) {
    const namedIds = named.get(notice.id) ?? [];
    const decision = decisions.get(notice.id);
    const chosen = decision?.sentMessageId ? await getSentMessage(tx, accountId, decision.sentMessageId) : null;
    const byId = toCandidates(found, namedIds);
    // Rules that need no id read their candidates only where they can count.
    const weak =
      decision || byId.length > 0 || (namedIds.length > 0 && !options.waitingIsOver) ? [] : await sentToFailed(tx, accountId, notice);
    const context = {
      threadId: notice.threadId,
      receivedAt: notice.receivedAt,
      own: own.get(notice.inboxId) ?? new Set<string>(),
      waitingIsOver: options.waitingIsOver,
    };
    const matches = decision
      ? decided(notice, chosen, decision)
      : matchReport(notice.report, [...byId, ...weak.map((message) => toCandidate(message, []))], context);
    const messages = new Map([...[...found.values()].flat(), ...weak, ...(chosen ? [chosen] : [])].map((message) => [message.id, message]));
    sought.push({ notice, matches, ties: tiesOf(notice, matches, messages), namedIds, idIsKnown: byId.length > 0, decision });
  }
  return sought;
};

/** Messages to the recipients a notice says failed, of the week before it. */
const sentToFailed = (tx: Write, accountId: string, { report, receivedAt }: Notice): Promise<SentMessage[]> => {
  const keys = report.recipients.flatMap(({ address, originalAddress }) => [address, originalAddress ?? address]).map(addressKey);
  return findSentToRecipients(tx, accountId, keys, { after: receivedAt - likelyWithinMs, before: receivedAt + 3_600_000 });
};

const decided = ({ report }: Notice, chosen: SentMessage | null, { by }: NoticeDecision): RecipientMatch[] =>
  report.recipients
    .filter(({ action }) => action !== "relayed" && action !== "expanded")
    .map((outcome) =>
      chosen
        ? confirmMatch(outcome, toCandidate(chosen, []), by)
        : { outcome, match: null, suggestions: [], because: `${by} said that it belongs to none of the account's messages.` },
    );

const ownAddresses = async (tx: Write, accountId: string, inboxIds: readonly string[]): Promise<Map<string, ReadonlySet<string>>> => {
  const rows = await inBatches([...new Set(inboxIds)].sort(), (batch) =>
    tx.selectFrom("inboxes").select(["id", "addresses"]).where("account_id", "=", accountId).where("id", "in", batch).execute(),
  );
  return new Map(rows.map((row) => [row.id, new Set(fromJson<string[]>(row.addresses))]));
};

const tiesOf = (notice: Notice, matches: readonly RecipientMatch[], messages: ReadonlyMap<string, SentMessage>): Tie[] => {
  const seen = new Set<string>();
  return matches.flatMap(({ outcome, match }) => {
    const sent = match && messages.get(match.sentMessageId);
    if (!match || !sent || historyEntry(notice, outcome, match, true, 0) === null) return [];
    const key = tieKey(match);
    // Two members of one alias can fail in one notice: the second is an entry of its own.
    const first = !seen.has(key);
    seen.add(key);
    const entry = (now: number) => historyEntry(notice, outcome, match, first, now) as HistoryEntry;
    return [{ key, notice, outcome, match, sent, entry }];
  });
};

const tieKey = (match: Match): string => `${match.sentMessageId} ${match.recipient.addressKey}`;

/** The engagement of each tie that is to be logged, made where there is none. A receipt alone makes none: nothing bounced. */
const provideEngagements = async (
  tx: Write,
  accountId: string,
  ties: readonly Tie[],
  decisions: ReadonlyMap<string, Decision>,
  now: number,
): Promise<{ engagementOf: Map<string, string>; madeContacts: string[] }> => {
  const wanted = ties.filter((tie) => tie.outcome.action !== "delivered");
  const make = wanted.filter((tie) => decisions.get(tie.key)?.log === "make").map((tie) => tie.match.recipient.address);
  const madeContacts = make.length > 0 ? await makeContacts(tx, accountId, make, now) : [];
  const owners = await addressOwners(
    tx,
    accountId,
    wanted.map((tie) => tie.match.recipient.addressKey),
  );
  const rows = new Map<string, EngagementRow>();
  for (const tie of wanted) {
    const contactId = owners.get(tie.match.recipient.addressKey)?.contactId;
    const log = decisions.get(tie.key)?.log;
    if (contactId && (log === "contact" || log === "make") && !rows.has(tie.key))
      rows.set(tie.key, newEngagement(accountId, tie, contactId, now));
  }
  const ordered = [...rows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
  await inBatches(ordered, (batch) =>
    tx
      .insertInto("engagements")
      .values(batch)
      .onConflict((conflict) => conflict.columns(["account_id", "sent_message_id", "recipient_key"]).doNothing())
      .execute(),
  );
  const engagementOf = await readEngagementIds(
    tx,
    accountId,
    ties.filter((tie) => decisions.get(tie.key)?.log !== "never"),
  );
  return { engagementOf, madeContacts };
};

/** Version 0: it has no history yet. Its first fold follows in the same transaction. */
const newEngagement = (accountId: string, tie: Tie, contactId: string, now: number): EngagementRow => {
  const bare: EngagementRow = {
    account_id: accountId,
    id: newId("eng", now),
    sent_message_id: tie.sent.id,
    recipient_key: tie.match.recipient.addressKey,
    recipient_address: tie.match.recipient.address,
    recipient_domain: domainOf(tie.match.recipient.addressKey),
    recipient_role: tie.match.recipient.role,
    contact_id: contactId,
    // Whose letter it was; a bounce to a shared mailbox belongs to the one who wrote.
    inbox_id: tie.sent.inboxId ?? tie.notice.inboxId,
    state: "pending",
    category: null,
    reason: null,
    folded: "",
    pending_until: null,
    backfill: 0,
    occurred_at: 0,
    detected_at: 0,
    updated_at: now,
    version: 0,
  };
  return { ...withFold(bare, fold([tie.entry(now)], tie.sent.sentAt), now), version: 0 };
};

const readEngagementIds = async (tx: Write, accountId: string, ties: readonly Tie[]): Promise<Map<string, string>> => {
  const rows = await inBatches([...new Set(ties.map((tie) => tie.sent.id))].sort(), (batch) =>
    tx
      .selectFrom("engagements")
      .select(["id", "sent_message_id", "recipient_key"])
      .where("account_id", "=", accountId)
      .where("sent_message_id", "in", batch)
      .execute(),
  );
  const wanted = new Set(ties.map((tie) => tie.key));
  return new Map(rows.map((row) => [`${row.sent_message_id} ${row.recipient_key}`, row.id] as const).filter(([key]) => wanted.has(key)));
};

type Outcome = { notice: Notice; before: Notice; waitKeys: string[] };

/** What became of a notice, and what it waits for from now on. */
const conclude = (
  sought: Sought,
  engagementOf: ReadonlyMap<string, string>,
  decisions: ReadonlyMap<string, Decision>,
  options: TieOptions,
  now: number,
): Outcome => {
  const { notice, matches, namedIds } = sought;
  const tied = matches.map((found) => tiedRecipient(found, engagementOf, decisions));
  const state = stateOf(sought, tied, options.waitingIsOver);
  // A message that another system sent may be registered long after its notice was given up.
  const waitsForIds = state === "waiting" || state === "not_ours" || (state === "no_bounce" && matches.some(({ match }) => match === null));
  const waitKeys = new Set(waitsForIds ? namedIds.map((id) => `id:${id}`) : []);
  if (state === "waiting" && namedIds.length === 0) {
    for (const { address } of notice.report.recipients) waitKeys.add(`recipient:${addressKey(address)}`);
  }
  for (const { outcome, match } of matches) {
    if (!match || engagementOf.has(tieKey(match))) continue;
    if (outcome.action === "delivered") waitKeys.add(`engagement:${match.sentMessageId}`);
    else if (decisions.get(tieKey(match))?.log === "wait") waitKeys.add(`address:${match.recipient.addressKey}`);
  }
  const waitsUntil = state === "waiting" ? (notice.waitsUntil ?? notice.detectedAt + waitingMs) : null;
  return { notice: { ...notice, matches: tied, state, waitsUntil, updatedAt: now }, before: notice, waitKeys: [...waitKeys].sort() };
};

/** False where everything is as it was: then the row is not touched. */
const isNews = ({ notice, before }: Outcome): boolean =>
  notice.state !== before.state || notice.waitsUntil !== before.waitsUntil || !isDeepStrictEqual(notice.matches, before.matches);

const tiedRecipient = (
  { outcome, match, suggestions, because }: RecipientMatch,
  engagementOf: ReadonlyMap<string, string>,
  decisions: ReadonlyMap<string, Decision>,
): TiedRecipient => {
  const engagementId = (match && engagementOf.get(tieKey(match))) ?? null;
  const why = match && engagementId === null ? decisions.get(tieKey(match))?.because : undefined;
  return { address: outcome.address, match, suggestions, because: why ? `${because} ${why}` : because, engagementId };
};

const stateOf = (sought: Sought, tied: readonly TiedRecipient[], waitingIsOver: boolean): NoticeState => {
  const { notice, matches, namedIds, idIsKnown, decision } = sought;
  const failures = tied.filter((_, i) => matches[i]?.outcome.action !== "delivered");
  if (decision?.sentMessageId === null) return "dismissed";
  if (failures.length === 0 && notice.kind !== "unread_notice") return "no_bounce";
  if (failures.length > 0 && failures.every(({ match }) => match !== null)) {
    return failures.every(({ engagementId }) => engagementId !== null) ? "matched" : "not_logged";
  }
  // A message that is known and did not go to that recipient will not change; a person has to look.
  if (idIsKnown && failures.some(({ suggestions }) => suggestions.length > 0)) return "unmatched";
  if (notice.kind === "unread_notice" && (idIsKnown || namedIds.length === 0)) return "unmatched";
  if (!waitingIsOver) return "waiting";
  const suggested = failures.some(({ suggestions }) => suggestions.length > 0);
  return idIsKnown || suggested || namedIds.length === 0 ? "unmatched" : "not_ours";
};
