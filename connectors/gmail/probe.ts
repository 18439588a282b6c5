import { parseHeaderFields } from "../../src/bounces/header-fields.ts";
import { ConnectorError, type ProbeAnswer } from "../../src/ports/connector.ts";
import type { GmailApi, Message } from "./api.ts";
import { searchWithin } from "./search-words.ts";

const answer = (assumption: string, holds: ProbeAnswer["holds"], detail: string): ProbeAnswer => ({ assumption, holds, detail });

const day = 86_400_000;
/** How many messages are looked at for each question. */
const sample = 10;
const maxBytes = 1_000_000;

type Found = Message & { id: string };

const readSome = async (api: GmailApi, q: string, count = sample): Promise<Found[]> => {
  const { ids } = await api.list(q, undefined);
  const found: Found[] = [];
  for (const id of ids.slice(0, count)) {
    const message = await api.message(id);
    if (message) found.push({ ...message, id });
  }
  return found;
};

const dateOf = ({ internalDate }: Message): number => Number(internalDate ?? Number.NaN);

const headerOf = ({ payload }: Message, name: string): string | null =>
  payload?.headers?.find((header) => header.name?.toLowerCase() === name)?.value ?? null;

const aboutSendAs = async (api: GmailApi): Promise<ProbeAnswer> => {
  const addresses = await api.sendAs();
  return answer("The addresses this mailbox sends from can be read", addresses.length > 0, `${addresses.length} addresses`);
};

const aboutOrder = (newest: readonly Found[]): ProbeAnswer => {
  if (newest.length < 2) return answer("Search lists the newest first", "unknown", "fewer than two messages");
  const descends = newest.every((message, index) => index === 0 || dateOf(message) <= dateOf(newest[index - 1] as Found));
  return answer("Search lists the newest first", descends, `the newest ${newest.length}`);
};

/** `after:` and `before:` with whole seconds, and that `before:` leaves its own second out. */
const aboutSeconds = async (api: GmailApi, [message]: readonly Found[]): Promise<ProbeAnswer> => {
  const assumption = "Search takes times in seconds";
  if (!message) return answer(assumption, "unknown", "no message");
  const second = Math.floor(dateOf(message) / 1000);
  const within = await api.list(`in:anywhere after:${second - 1} before:${second + 1}`, undefined);
  const before = await api.list(`in:anywhere after:${second - 60} before:${second}`, undefined);
  return answer(assumption, within.ids.includes(message.id) && !before.ids.includes(message.id), "the newest message, found and not found");
};

const ascends = (ids: readonly (string | null | undefined)[]): boolean =>
  ids.every((id, index) => index === 0 || BigInt(id ?? 0) > BigInt(ids[index - 1] ?? 0));

/** Whether the changes since a message of each age are still known. */
const aboutHistory = async (api: GmailApi, now: number): Promise<ProbeAnswer[]> => {
  const kept: number[] = [];
  const lost: number[] = [];
  let ordered: boolean | "unknown" = "unknown";
  for (const days of [1, 3, 7, 14, 30]) {
    const [message] = await readSome(api, searchWithin("received", 0, now - days * day), 1);
    if (!message?.historyId) continue;
    const history = await api.history(message.historyId, undefined);
    (history === null ? lost : kept).push(days);
    if (history?.history && history.history.length > 1) ordered = ordered !== false && ascends(history.history.map(({ id }) => id));
  }
  const aWeek = kept.some((days) => days >= 7) ? true : lost.some((days) => days <= 7) ? false : "unknown";
  return [
    answer("Ids of changes ascend", ordered, "in the list of changes"),
    answer(
      "Changes are kept for a week",
      aWeek,
      `positions as old as ${kept.join(", ") || "none"} days are known, ${lost.join(", ") || "none"} are not`,
    ),
  ];
};

/** Google's own notices answer the message they are about, and join its thread. */
const aboutNotices = async (api: GmailApi): Promise<ProbeAnswer[]> => {
  const notices = await readSome(api, "from:mailer-daemon@googlemail.com in:anywhere");
  if (notices.length === 0) {
    return ["Gmail's notices name the message in In-Reply-To", "Gmail's notices join its thread"].map((text) =>
      answer(text, "unknown", "no notice of Gmail's own here"),
    );
  }
  const named = notices.filter((notice) => headerOf(notice, "in-reply-to") !== null);
  const joined: boolean[] = [];
  for (const notice of named) {
    const [about] = await readSome(api, `rfc822msgid:${headerOf(notice, "in-reply-to")?.replace(/[<>\s]/g, "")}`, 1);
    if (about) joined.push(about.threadId === notice.threadId);
  }
  return [
    answer("Gmail's notices name the message in In-Reply-To", named.length === notices.length, `${named.length} of ${notices.length}`),
    answer(
      "Gmail's notices join its thread",
      joined.length === 0 ? "unknown" : joined.every(Boolean),
      `${joined.filter(Boolean).length} of ${joined.length}`,
    ),
  ];
};

/** Header fields are given as they stand in the message, and reading changes nothing. */
const aboutReading = async (api: GmailApi, [message]: readonly Found[]): Promise<ProbeAnswer[]> => {
  const raw = message && (await api.raw(message.id, maxBytes));
  const after = message && (await api.message(message.id));
  if (!message || !after || !raw || raw === "too_large")
    return [answer("Header fields are given as written", "unknown", "no message to compare")];
  const written = parseHeaderFields(raw);
  const differing = ["from", "subject", "message-id"].filter(
    (name) => (headerOf(message, name)?.trim() ?? null) !== (written.get(name)?.[0] ?? null),
  );
  const unchanged = JSON.stringify(after.labelIds) === JSON.stringify(message.labelIds) && after.historyId === message.historyId;
  return [
    answer("Header fields are given as written", differing.length === 0, differing.join(", ") || "From, Subject and Message-ID compared"),
    answer("Reading changes no label", unchanged, "compared before and after"),
  ];
};

/** Checks what the connector takes for granted of Gmail, on the real mailbox and without changing it. About 1,000 quota units. */
export const probeGmail = async (api: GmailApi, now: number): Promise<readonly ProbeAnswer[]> => {
  const { address } = await api.profile();
  const answers = [answer("The mailbox can be read", true, address)];
  let newest: Found[];
  try {
    newest = await readSome(api, "in:anywhere");
  } catch (error) {
    if (!(error instanceof ConnectorError) || error.outcome !== "missing_permission") throw error;
    return [...answers, answer("Mail can be searched", false, error.message)];
  }
  answers.push(answer("Mail can be searched", true, "gmail.readonly, without gmail.metadata beside it"), await aboutSendAs(api));
  answers.push(aboutOrder(newest), await aboutSeconds(api, newest), ...(await aboutHistory(api, now)));
  answers.push(...(await aboutNotices(api)), ...(await aboutReading(api, newest)));
  return answers;
};
