/** Every function of src/store that works for an account, called with what a caller of another account could get hold of. */
import { expect } from "vitest";
import type { Database, Write } from "../../src/ports/database.ts";
import * as accounts from "../../src/store/accounts.ts";
import * as addresses from "../../src/store/addresses.ts";
import * as agePending from "../../src/store/age-pending.ts";
import * as apiKeys from "../../src/store/api-keys.ts";
import * as appendHistory from "../../src/store/append-history.ts";
import * as auditLog from "../../src/store/audit-log.ts";
import * as authorizations from "../../src/store/authorizations.ts";
import * as colleagueBounces from "../../src/store/colleague-bounces.ts";
import * as connectLinks from "../../src/store/connect-links.ts";
import * as contactTimeline from "../../src/store/contact-timeline.ts";
import * as contacts from "../../src/store/contacts.ts";
import * as coverage from "../../src/store/coverage.ts";
import * as crmConnections from "../../src/store/crm-connections.ts";
import * as crmLinks from "../../src/store/crm-links.ts";
import * as crmTurns from "../../src/store/crm-turns.ts";
import * as decideNotice from "../../src/store/decide-notice.ts";
import * as engagements from "../../src/store/engagements.ts";
import * as erase from "../../src/store/erase.ts";
import * as eraseContact from "../../src/store/erase-contact.ts";
import * as erasures from "../../src/store/erasures.ts";
import * as events from "../../src/store/events.ts";
import * as fence from "../../src/store/fence.ts";
import * as findContacts from "../../src/store/find-contacts.ts";
import * as forgetOld from "../../src/store/forget-old.ts";
import * as gaps from "../../src/store/gaps.ts";
import * as globalBounces from "../../src/store/global-bounces.ts";
import * as idempotencyKeys from "../../src/store/idempotency-keys.ts";
import * as inboxSecrets from "../../src/store/inbox-secrets.ts";
import * as inboxStates from "../../src/store/inbox-states.ts";
import * as inboxes from "../../src/store/inboxes.ts";
import * as mentions from "../../src/store/mentions.ts";
import * as mergeContacts from "../../src/store/merge-contacts.ts";
import * as nearMisses from "../../src/store/near-misses.ts";
import * as noticeDecisions from "../../src/store/notice-decisions.ts";
import * as noticeShares from "../../src/store/notice-shares.ts";
import * as noticeWaits from "../../src/store/notice-waits.ts";
import * as noticeWords from "../../src/store/notice-words.ts";
import * as notices from "../../src/store/notices.ts";
import * as owed from "../../src/store/owed.ts";
import * as ownerMail from "../../src/store/owner-mail.ts";
import * as pushWatches from "../../src/store/push-watches.ts";
import * as reclassifiable from "../../src/store/reclassifiable.ts";
import * as reclassifyNotice from "../../src/store/reclassify-notice.ts";
import * as refusals from "../../src/store/refusals.ts";
import * as registerSent from "../../src/store/register-sent-messages.ts";
import * as saveNotices from "../../src/store/save-notices.ts";
import * as savePage from "../../src/store/save-page.ts";
import * as saveReplies from "../../src/store/save-replies.ts";
import * as saveSent from "../../src/store/save-sent-messages.ts";
import type { Keys } from "../../src/store/secrets.ts";
import * as seen from "../../src/store/seen-messages.ts";
import * as sendRecipients from "../../src/store/send-recipients.ts";
import * as sends from "../../src/store/sends.ts";
import * as sent from "../../src/store/sent-messages.ts";
import * as signIn from "../../src/store/sign-in.ts";
import * as supportFigures from "../../src/store/support-figures.ts";
import * as ties from "../../src/store/tie-notices.ts";
import * as traces from "../../src/store/traces.ts";
import * as turns from "../../src/store/turns.ts";
import * as unbounce from "../../src/store/unbounce.ts";
import * as untied from "../../src/store/untied-notices.ts";
import * as upsertContacts from "../../src/store/upsert-contacts.ts";
import * as users from "../../src/store/users.ts";
import * as waiting from "../../src/store/waiting-notices.ts";
import * as webhookEvents from "../../src/store/webhook-events.ts";
import * as webhookLetters from "../../src/store/webhook-letters.ts";
import * as webhookSecrets from "../../src/store/webhook-secrets.ts";
import * as webhookTurns from "../../src/store/webhook-turns.ts";
import * as webhooks from "../../src/store/webhooks.ts";
import { accountWithInboxes, delayed, envelope, notice, now, outcome, page, reportAbout, sentMessage } from "./sample-mail.ts";

/** Everything a caller could get hold of: our account, and the ids of theirs. Their texts all say "foreign". */
export type Setting = Awaited<ReturnType<typeof setUp>>;

const late = now + 1e10;
export const theirDueAt = now + 4242;
const bounce = (name: string, address: string) =>
  notice(name, [outcome(address, { diagnostic: "foreign words" })], { ref: `bounce-${name}` });

const crmWish = { kind: "hubspot", token: "foreign", includeBackfill: true, memory: "foreign", after: 0 };

const linkWish = (name: string): connectLinks.ConnectLinkWish => ({
  owner: { externalId: name, name },
  expectedAddress: null,
  providers: [],
  inboxId: null,
  language: null,
  returnUrl: null,
  sinceDays: 30,
});

export const setUp = async (database: Database, keys: Keys) => {
  const [mine] = await accountWithInboxes(database, 1, { name: "mine" });
  const [theirs, bare] = await accountWithInboxes(database, 2, { name: "foreign", metadata: "foreign" });
  if (!mine || !theirs || !bare) throw new Error("no inboxes");
  const write = <T>(fn: (tx: Write) => Promise<T>) => database.transaction(fn);
  const { accountId, inboxId } = theirs;
  await write((tx) => inboxes.updateInbox(tx, accountId, inboxId, { owner: "foreign", address: "foreign@x.example" }, now));
  await write((tx) => inboxSecrets.saveSecrets(tx, keys, accountId, inboxId, "foreign", null));
  const messages = [
    { ...sentMessage("foreign", ["foreign@x.example", "foreign-2@x.example"]) },
    bounce("foreign", "foreign@x.example"),
    notice("foreign", [delayed("foreign-2@x.example")], { ref: "delay" }),
    bounce("foreign-waits", "foreign@x.example"),
    { envelope: envelope("foreign-owed"), verdict: "owed" as const, facts: "foreign", owed: { error: "foreign", dueAt: theirDueAt } },
  ];
  const saved = await savePage.savePage(
    database,
    page(theirs, messages, { gaps: [{ folder: "foreign", from: 1, to: 2, because: "foreign" }] }),
  );
  const sends = [
    { ...sentMessage("foreign-send").sent, sendId: "foreign-send", externalId: "foreign-sent" } as Parameters<
      typeof registerSent.registerSentMessages
    >[2][number],
  ];
  await write((tx) => registerSent.registerSentMessages(tx, accountId, sends, now));
  await write((tx) =>
    upsertContacts.upsertContacts(tx, accountId, [{ externalId: "foreign", name: "foreign", addresses: ["foreign@x.example"] }], now),
  );
  const key = await write((tx) => apiKeys.createApiKey(tx, accountId, { scope: "read", label: "foreign" }, now));
  const { link } = await write((tx) => connectLinks.createConnectLink(tx, accountId, linkWish("foreign"), late, now));
  const made = await write((tx) => webhooks.createWebhook(tx, keys, accountId, { url: "https://foreign.example/", after: 0 }, now));
  await write((tx) => webhookLetters.queueLetter(tx, accountId, made.webhook.id, 1, now));
  const watch = { id: "foreign", secretHash: "foreign", about: "foreign", expiresAt: theirDueAt };
  await write((tx) => pushWatches.savePush(tx, accountId, inboxId, { watches: [watch], renewAt: theirDueAt, warning: "foreign" }));
  await write((tx) => crmConnections.saveCrmConnection(tx, keys, accountId, crmWish, now));
  const crm = await write((tx) => crmTurns.claimCrm(tx, { accountId }, { busyUntil: theirDueAt }, now));
  if (!crm) throw new Error("no CRM");
  await write((tx) => crmLinks.saveCrmLink(tx, crm.claim, "foreign", { crmId: "foreign", version: 1 }));
  await write((tx) => tx.updateTable("webhooks").set({ busy_until: theirDueAt }).where("id", "=", made.webhook.id).execute());
  await idempotencyKeys.claimIdempotencyKey(database, keys, keyed(accountId), now);
  await write((tx) => idempotencyKeys.keepAnswer(tx, keys, keyed(accountId), { status: 200, type: "", body: "foreign" }));
  await write((tx) => coverage.beginCoverage(tx, accountId, inboxId, 0, now));
  const gone = { ref: "foreign", folder: "foreign", receivedAt: null };
  const compared = { from: 0, to: now, providerCount: 2, ourCount: 1, missing: [gone], note: null, detail: "foreign" };
  await write((tx) => coverage.saveCoverage(tx, accountId, inboxId, compared, now));
  const [engagement] = (await engagements.listEngagements(database.read, accountId)).data;
  const kept = await notices.readNotices(database.read, accountId, saved.notices);
  if (!engagement) throw new Error("no engagement");
  const erasure = await write((tx) => erasures.saveErasure(tx, accountId, { ...receipt, subjectId: "foreign", by: "foreign" }, now));
  await write((tx) => noticeShares.askToShare(tx, accountId, saved.notices[0] ?? "", { userId: "foreign", note: "foreign" }, now));
  await write((tx) => erasures.rememberErased(tx, accountId, ["foreign-hash"]));
  await write((tx) => auditLog.appendAudit(tx, [{ accountId, by: "foreign", action: "foreign", subject: "foreign", at: now }]));
  const user = await write((tx) => users.createUser(tx, accountId, { email: "foreign@x.example", name: "foreign", role: "owner" }, now));
  if (!user) throw new Error("no user");
  await write((tx) => signIn.openSession(tx, accountId, user.id, now));
  return {
    database,
    keys,
    write,
    user,
    erasure,
    read: database.read,
    mine: mine.accountId,
    my: mine,
    theirs,
    withoutSecrets: bare.inboxId,
    engagement,
    notices: kept,
    keyId: key.id,
    link: link.id,
    webhook: made.webhook,
  };
};

/** Our claim on their inbox, with their fence. */
const stolen = (s: Setting): fence.Claim => ({ ...s.theirs, accountId: s.mine });
/** Our claim on their endpoint, and their endpoint as if it were ours. */
const stolenWebhook = (s: Setting): webhookTurns.WebhookClaim => ({ accountId: s.mine, webhookId: s.webhook.id, fence: 1 });
const stolenCrm = (s: Setting): crmTurns.CrmClaim => ({ accountId: s.mine, fence: 2 });
const asOurs = (s: Setting): webhooks.Webhook => ({ ...s.webhook, accountId: s.mine });
const ids = (s: Setting) => s.notices.map(({ id }) => id);
const receipt = { kind: "contact", subjectId: "ours", by: "me", removed: {}, changed: {} } as const;
const sentInput = { ...sentMessage("foreign", ["new@x.example"]).sent, ref: "sent-foreign", folder: "Sent" } as saveSent.NewSentMessage;
const theirInbox = async (s: Setting) => (await inboxes.getInbox(s.read, s.theirs.accountId, s.theirs.inboxId)) as inboxes.Inbox;
/** A request with the key they have used. */
const keyed = (accountId: string, requestId = "req_foreign") => ({ accountId, key: "foreign", requestId, asked: "foreign" });
/** For functions that tell how many: there is nothing of ours. */
const none = (count: number) => (count === 0 ? 0 : "foreign work was done");
const entry = {
  fingerprint: "x",
  state: "retracted",
  because: "dismissed",
  occurredAt: now,
  at: now,
  noticeId: null,
  backfill: false,
  facts: null,
} as const;

export const calls: Record<string, (s: Setting) => unknown> = {
  // These take no id of another account: they come before the calls that write ours with foreign words.
  "reclassifiable/readNoticesWithSource": (s) => reclassifiable.readNoticesWithSource(s.read, s.mine, { after: "", limit: 100 }),
  "reclassifiable/readSeenFacts": (s) => reclassifiable.readSeenFacts(s.read, s.mine, { after: null, limit: 100 }),
  "notice-words/readSaid": (s) => noticeWords.readSaid(s.read, s.mine, [s.engagement.id], ids(s)),
  "owed/oweUnopened": (s) => s.write((tx) => owed.oweUnopened(tx, s.mine, s.theirs.inboxId, ["foreign-owed"], now)),
  "reclassify-notice/reclassifyNotice": (s) =>
    s.write((tx) => reclassifyNotice.reclassifyNotice(tx, s.mine, ids(s)[0] ?? "", reportAbout("foreign", []), now)),
  "accounts/getAccount": (s) => accounts.getAccount(s.read, s.mine),
  "accounts/updateAccount": (s) => s.write((tx) => accounts.updateAccount(tx, s.mine, { name: "changed" }, now)),
  "addresses/appendAddressEvents": (s) =>
    s.write((tx) =>
      addresses.appendAddressEvents(
        tx,
        s.mine,
        [{ addressKey: "foreign@x.example", id: "x", event: { kind: "unbounced", at: late, by: "x", note: "x" } }],
        false,
        now,
      ),
    ),
  "addresses/readAddresses": (s) => addresses.readAddresses(s.read, s.mine, ["foreign-2@x.example"]),
  "addresses/listAddressEvents": (s) => addresses.listAddressEvents(s.read, s.mine, "foreign-2@x.example"),
  "addresses/listIneligible": (s) => addresses.listIneligible(s.read, s.mine, { after: "", limit: 100 }),
  "addresses/forgetAddressEffects": (s) => s.write((tx) => addresses.forgetAddressEffects(tx, s.mine, s.theirs.inboxId, now)),
  "age-pending/agePending": (s) => agePending.agePending(s.database, s.mine, late).then(none),
  "api-keys/createApiKey": (s) => s.write((tx) => apiKeys.createApiKey(tx, s.mine, { scope: "read", label: "x" }, now)),
  "api-keys/listApiKeys": (s) => apiKeys.listApiKeys(s.read, s.mine),
  "api-keys/rotateApiKey": (s) => s.write((tx) => apiKeys.rotateApiKey(tx, s.mine, s.keyId, { overlapMs: 0 }, now)),
  "api-keys/revokeApiKey": (s) => s.write((tx) => apiKeys.revokeApiKey(tx, s.mine, s.keyId, now)),
  "append-history/appendHistory": (s) =>
    s.write((tx) => appendHistory.appendHistory(tx, s.mine, [{ engagementId: s.engagement.id, entry }], now)),
  "contacts/writeContacts": (s) =>
    s.write((tx) => contacts.writeContacts(tx, s.mine, [{ externalId: "foreign", addresses: ["foreign@x.example"] }], now)),
  "contacts/getContact": (s) => contacts.getContact(s.read, s.mine, s.engagement.contactId),
  "contacts/listContacts": (s) => contacts.listContacts(s.read, s.mine, { externalId: "foreign" }),
  "contacts/findContactByAddress": (s) => contacts.findContactByAddress(s.read, s.mine, "foreign-2@x.example"),
  "authorizations/createAuthorization": (s) => s.write((tx) => authorizations.createAuthorization(tx, s.keys, s.mine, "ours", now)),
  "connect-links/createConnectLink": (s) => s.write((tx) => connectLinks.createConnectLink(tx, s.mine, linkWish("ours"), late, now)),
  "connect-links/getConnectLink": (s) => connectLinks.getConnectLink(s.read, s.mine, s.link, now),
  "connect-links/useConnectLink": (s) => s.write((tx) => connectLinks.useConnectLink(tx, s.mine, s.link, now)),
  "connect-links/settleConnectLink": (s) =>
    s.write((tx) => connectLinks.settleConnectLink(tx, s.mine, s.link, { outcome: "denied", inboxId: null }, now)),
  "contacts/addressOwners": (s) => contacts.addressOwners(s.read, s.mine, ["foreign-2@x.example"]),
  "contacts/makeContacts": (s) => s.write((tx) => contacts.makeContacts(tx, s.mine, ["foreign-2@x.example"], now)),
  "engagements/getEngagement": (s) => engagements.getEngagement(s.read, s.mine, s.engagement.id),
  "engagements/readEngagements": (s) => engagements.readEngagements(s.read, s.mine, [s.engagement.id]),
  "engagements/listEngagements": async (s) => [
    await engagements.listEngagements(s.read, s.mine),
    await engagements.listEngagements(s.read, s.mine, { recipientBegins: "foreign-2@" }),
    await engagements.listEngagements(s.read, s.mine, { recipientBegins: "@x.example" }),
    await engagements.listEngagements(s.read, s.mine, {
      inboxId: s.theirs.inboxId,
      contactId: s.engagement.contactId,
      contactExternalId: "foreign",
    }),
  ],
  "contact-timeline/contactTimeline": async (s) => [
    await contactTimeline.contactTimeline(s.read, s.mine, { id: s.engagement.contactId, addresses: ["foreign-2@x.example"] }),
    await contactTimeline.contactTimeline(
      s.read,
      s.mine,
      { id: s.engagement.contactId, addresses: ["foreign-2@x.example"] },
      { inboxIds: [s.theirs.inboxId], cursor: Buffer.from('[9e15,"x"]').toString("base64url") },
    ),
  ],
  "find-contacts/findContacts": async (s) => [
    await findContacts.findContacts(s.read, s.mine, "foreign-2@"),
    await findContacts.findContacts(s.read, s.mine, "foreign-2@", { inboxIds: [s.theirs.inboxId] }),
  ],
  "find-contacts/listBouncedContacts": async (s) => [
    await findContacts.listBouncedContacts(s.read, s.mine, { inboxIds: [s.theirs.inboxId] }),
    await findContacts.listBouncedContacts(s.read, s.mine, {
      inboxIds: [s.theirs.inboxId],
      cursor: Buffer.from('[9e15,"x"]').toString("base64url"),
    }),
  ],
  "colleague-bounces/listColleagueBounces": (s) =>
    colleagueBounces.listColleagueBounces(s.read, s.mine, ["foreign-2@x.example"], { ownInboxIds: [s.my.inboxId], since: 0 }),
  "contacts/readContacts": (s) => contacts.readContacts(s.read, s.mine, [s.engagement.contactId]),
  "erase/eraseInbox": (s) => s.write((tx) => erase.eraseInbox(tx, s.mine, s.theirs.inboxId, "me", now)),
  "events/appendEvents": (s) => s.write((tx) => events.appendEvents(tx, s.mine, [{ type: "x", backfill: false, data: null }], now)),
  "events/readEvents": (s) => events.readEvents(s.read, s.mine, 0, 100),
  "fence/holdFence": (s) => s.write((tx) => fence.holdFence(tx, stolen(s))),
  "forget-old/forgetOld": (s) => s.write((tx) => forgetOld.forgetOld(tx, s.mine, late)),
  "gaps/saveGaps": (s) =>
    s.write((tx) => gaps.saveGaps(tx, s.mine, s.theirs.inboxId, [{ folder: "x", from: null, to: null, because: "x" }], now)),
  "gaps/listGaps": (s) => gaps.listGaps(s.read, s.mine, s.theirs.inboxId).then((all) => all.filter((gap) => gap.folder !== "x")),
  "global-bounces/reportGlobally": (s) => globalBounces.reportGlobally(s.database, s.keys, s.mine),
  "global-bounces/globallyBounced": (s) => globalBounces.globallyBounced(s.read, s.keys, s.mine, ["foreign@x.example"], now),
  "global-bounces/appealGlobal": (s) =>
    s.write((tx) => globalBounces.appealGlobal(tx, s.keys, s.mine, "foreign@x.example", { by: "x", note: "x" }, now)),
  "inbox-secrets/readSecrets": (s) => inboxSecrets.readSecrets(s.read, s.keys, s.mine, s.theirs.inboxId),
  "inbox-secrets/saveSecrets": async (s) => [
    await s.write((tx) => inboxSecrets.saveSecrets(tx, s.keys, s.mine, s.theirs.inboxId, "ours", 1)),
    await s.write((tx) => inboxSecrets.saveSecrets(tx, s.keys, s.mine, s.withoutSecrets, "ours", null)),
  ],
  "inbox-secrets/inboxCredentials": async (s) => {
    const credentials = inboxSecrets.inboxCredentials({
      database: s.database,
      keys: s.keys,
      accountId: s.mine,
      inboxId: s.theirs.inboxId,
      now: () => now,
    });
    return [await credentials.read(), await credentials.refresh(async (current) => [current, "ours"])];
  },
  "inbox-states/saveInboxState": (s) =>
    s.write(async (tx) => {
      const row = await tx.selectFrom("inboxes").selectAll().where("id", "=", s.theirs.inboxId).executeTakeFirstOrThrow();
      await inboxStates.saveInboxState(tx, { ...row, account_id: s.mine, state_detail: "null" });
    }),
  "inbox-states/listInboxStates": (s) =>
    inboxStates.listInboxStates(s.read, s.mine, s.theirs.inboxId, 0).then((all) => all.filter(({ detail }) => detail !== null)),
  "coverage/beginCoverage": (s) => s.write((tx) => coverage.beginCoverage(tx, s.mine, s.theirs.inboxId, 0, late)),
  "coverage/saveCoverageProgress": (s) => s.write((tx) => coverage.saveCoverageProgress(tx, s.mine, s.theirs.inboxId, 9)),
  "coverage/saveCoverage": (s) =>
    s.write((tx) => coverage.saveCoverage(tx, s.mine, s.theirs.inboxId, { note: "failed", detail: "ours" }, late)),
  "coverage/readCoverage": (s) => coverage.readCoverage(s.read, s.mine, [s.theirs.inboxId]),
  "refusals/findRefusals": (s) => refusals.findRefusals(s.read, s.mine, { engagementId: s.engagement.id, updatedAt: late }),
  "inboxes/createInbox": (s) =>
    s.write((tx) => inboxes.createInbox(tx, s.mine, { provider: "imap", address: "a@b", since: 0, nextPollAt: null }, now)),
  "inboxes/getInbox": (s) => inboxes.getInbox(s.read, s.mine, s.theirs.inboxId),
  "inboxes/listInboxes": (s) => inboxes.listInboxes(s.read, s.mine),
  "inboxes/allInboxes": (s) => inboxes.allInboxes(s.read, s.mine),
  "inboxes/updateInbox": (s) => s.write((tx) => inboxes.updateInbox(tx, s.mine, s.theirs.inboxId, { address: "ours" }, now)),
  "inboxes/changeState": (s) =>
    s.write((tx) => inboxes.changeState(tx, s.mine, s.theirs.inboxId, { state: "disconnected", nextPollAt: null }, now)),
  "merge-contacts/mergeContacts": async (s) => {
    const [own = ""] = await s.write((tx) => contacts.makeContacts(tx, s.mine, ["own@x.example"], now));
    const other = s.engagement.contactId;
    const merge = (fromId: string, intoId: string) => s.write((tx) => mergeContacts.mergeContacts(tx, s.mine, { fromId, intoId }, now));
    return [await merge(other, own), await merge(own, other)];
  },
  "save-notices/saveNotices": async (s) => {
    // The same facts as in a notice of theirs, and then a copy of ours.
    const save = (ref: string) => {
      const one = { ref, folder: "x", threadId: null, report: reportOf(s), source: null, backfill: false, receivedAt: now };
      return s.write((tx) => saveNotices.saveNotices(tx, s.mine, s.my.inboxId, [one], now));
    };
    const [first, copy] = [await save("n1"), await save("n2")];
    expect(copy.noticeOf.get("n2")).toEqual({ noticeId: first.made[0], copy: true });
  },
  "untied-notices/listUntied": async (s) => [
    await untied.listUntied(s.read, s.mine, { inboxIds: [s.theirs.inboxId] }),
    await untied.listUntied(s.read, s.mine, { state: "waiting", inboxIds: [s.theirs.inboxId] }),
  ],
  "untied-notices/countUntied": (s) => untied.countUntied(s.read, s.mine, [s.theirs.inboxId]),
  "notice-shares/askToShare": (s) =>
    s.write((tx) => noticeShares.askToShare(tx, s.mine, ids(s)[0] ?? "", { userId: s.user.id, note: "ours" }, now)),
  "notice-shares/answerShare": (s) =>
    s.write((tx) => noticeShares.answerShare(tx, s.mine, ids(s)[0] ?? "", { state: "shared", userId: "ours" }, now)),
  "notice-shares/readShare": (s) => noticeShares.readShare(s.read, s.mine, ids(s)[0] ?? ""),
  "notice-shares/openRequests": (s) => noticeShares.openRequests(s.read, s.mine, [s.theirs.inboxId]),
  "near-misses/listNearMisses": (s) => nearMisses.listNearMisses(s.read, s.mine, 0),
  "support-figures/countBouncesByTime": (s) => supportFigures.countBouncesByTime(s.read, s.mine, 0),
  "support-figures/countBouncesBy": async (s) => [
    await supportFigures.countBouncesBy(s.read, s.mine, "category", 0),
    await supportFigures.countBouncesBy(s.read, s.mine, "recipient_domain", 0),
    await supportFigures.countBouncesBy(s.read, s.mine, "inbox_id", 0),
  ],
  "support-figures/countPendingByHour": (s) => supportFigures.countPendingByHour(s.read, s.mine),
  "support-figures/countNotices": (s) => supportFigures.countNotices(s.read, s.mine, 0),
  "notices/getNotice": (s) => notices.getNotice(s.read, s.mine, ids(s)[0] ?? ""),
  "notices/readNoticePlaces": (s) => notices.readNoticePlaces(s.read, s.mine, ids(s)),
  "notices/readNotices": (s) => notices.readNotices(s.read, s.mine, ids(s)),
  "notices/readNoticeSource": (s) => notices.readNoticeSource(s.read, s.mine, ids(s)[0] ?? ""),
  "notices/listNotices": (s) => notices.listNotices(s.read, s.mine, { inboxId: s.theirs.inboxId }),
  "notice-decisions/readDecisions": (s) => noticeDecisions.readDecisions(s.read, s.mine, ids(s)),
  "decide-notice/confirmNotice": (s) =>
    s.write((tx) =>
      decideNotice.confirmNotice(tx, s.mine, ids(s)[0] ?? "", { sentMessageId: s.engagement.sentMessageId, by: "x", note: "x" }, now),
    ),
  "decide-notice/dismissNotice": (s) =>
    s.write((tx) => decideNotice.dismissNotice(tx, s.mine, ids(s)[0] ?? "", { by: "x", note: "x" }, now)),
  "notice-waits/waitingFor": (s) => noticeWaits.waitingFor(s.read, s.mine, ["id:foreign-waits@sales.example", "address:foreign@x.example"]),
  "notice-waits/lockNotices": (s) => s.write((tx) => noticeWaits.lockNotices(tx, s.mine, ids(s))),
  "notice-waits/updateNotices": (s) =>
    s.write((tx) =>
      noticeWaits.updateNotices(
        tx,
        s.mine,
        s.notices.map((one) => ({ notice: { ...one, state: "unmatched" }, waitKeys: ["id:x"] })),
      ),
    ),
  "owed/beginAttempts": (s) =>
    s.write((tx) => owed.beginAttempts(tx, stolen(s), [{ envelope: envelope("foreign-owed"), backfill: false }], now)),
  "owed/dueOwed": (s) => owed.dueOwed(s.read, s.mine, s.theirs.inboxId, late, 10),
  "owed/readOwedRefs": (s) => owed.readOwedRefs(s.read, s.mine, s.theirs.inboxId, ["foreign-owed"]),
  "owed/oweMissed": (s) =>
    s.write((tx) => owed.oweMissed(tx, s.mine, s.theirs.inboxId, [{ envelope: envelope("foreign-owed"), backfill: false }], now)),
  "owed/readOwed": (s) => owed.readOwed(s.read, s.mine, s.theirs.inboxId, "foreign-owed"),
  "owed/nextOwedAt": (s) => owed.nextOwedAt(s.read, s.mine, s.theirs.inboxId),
  "owed/oweBegun": (s) => s.write((tx) => owed.oweBegun(tx, s.mine, s.theirs.inboxId, now)),
  "owed/releaseAttempts": (s) => s.write((tx) => owed.releaseAttempts(tx, stolen(s), ["foreign-owed"])),
  "owed/settleOwed": (s) => s.write((tx) => owed.settleOwed(tx, stolen(s), { done: ["foreign-owed"], again: [] }, now)),
  "push-watches/readWatches": (s) => pushWatches.readWatches(s.read, s.mine, s.theirs.inboxId),
  "push-watches/readPushWarning": (s) => pushWatches.readPushWarning(s.read, s.mine, s.theirs.inboxId),
  "push-watches/savePush": (s) =>
    s.write((tx) => pushWatches.savePush(tx, s.mine, s.theirs.inboxId, { watches: [], renewAt: now, warning: null })),
  "push-watches/renewSoon": (s) => s.write((tx) => pushWatches.renewSoon(tx, s.mine, s.theirs.inboxId)),
  "push-watches/forgetPush": (s) => s.write((tx) => pushWatches.forgetPush(tx, s.mine, s.theirs.inboxId)),
  "register-sent-messages/registerSentMessages": (s) => s.write((tx) => registerSent.registerSentMessages(tx, s.mine, [sentInput], now)),
  "save-page/savePage": (s) => savePage.savePage(s.database, { ...page(s.theirs, [sentMessage("foreign")]), accountId: s.mine }),
  "save-replies/saveReplies": (s) =>
    s.write((tx) =>
      saveReplies.saveReplies(
        tx,
        s.mine,
        [{ from: "foreign-2@x.example", answers: ["foreign@sales.example"], messageKey: "x", at: late, backfill: false }],
        now,
      ),
    ),
  "seen-messages/saveSeen": (s) =>
    s.write((tx) =>
      seen.saveSeen(
        tx,
        s.mine,
        s.theirs.inboxId,
        [{ ref: "foreign-owed", folder: "x", verdict: "notice", messageId: null, facts: null, receivedAt: null }],
        now,
      ),
    ),
  "seen-messages/readVerdicts": (s) => seen.readVerdicts(s.read, s.mine, s.theirs.inboxId, ["bounce-foreign"]),
  "seen-messages/readSeen": (s) => seen.readSeen(s.read, s.mine, s.theirs.inboxId, "bounce-foreign"),
  "seen-messages/listSeenBetween": (s) => seen.listSeenBetween(s.read, s.mine, s.theirs.inboxId, { from: 0, to: late }),
  "seen-messages/findSeen": (s) => seen.findSeen(s.read, s.mine, "bounce-foreign@notices.example"),
  "send-recipients/listSendRecipients": async (s) => [
    await sendRecipients.listSendRecipients(s.read, s.mine, { sendId: "foreign-send" }),
    await sendRecipients.listSendRecipients(s.read, s.mine, { sentMessageId: s.engagement.sentMessageId }),
  ],
  "sends/listSends": (s) => sends.listSends(s.read, s.mine),
  "sends/readSendFigures": async (s) => [
    await sends.readSendFigures(s.read, s.mine, { sendId: "foreign-send" }),
    await sends.readSendFigures(s.read, s.mine, { sentMessageId: s.engagement.sentMessageId }),
  ],
  "save-sent-messages/saveSentMessages": (s) =>
    s.write((tx) => saveSent.saveSentMessages(tx, s.mine, s.theirs.inboxId, [sentInput], now)).then(({ ids: made }) => made),
  "sent-messages/findSentByIds": (s) => sent.findSentByIds(s.read, s.mine, ["provider-foreign-send@mail.example"]),
  "sent-messages/findSentToRecipients": (s) =>
    sent.findSentToRecipients(s.read, s.mine, ["foreign@x.example", "foreign-2@x.example"], { after: 0, before: late }),
  "sent-messages/countSentTo": (s) => sent.countSentTo(s.read, s.mine, ["foreign-2@x.example"]),
  "sent-messages/getSentMessage": (s) => sent.getSentMessage(s.read, s.mine, s.engagement.sentMessageId),
  "sent-messages/readSentMessages": (s) => sent.readSentMessages(s.read, s.mine, [s.engagement.sentMessageId]),
  "sent-messages/listSentMessages": (s) => sent.listSentMessages(s.read, s.mine, { sendId: "foreign-send" }),
  "sign-in/createSignInLink": async (s) => {
    const secret = await s.write((tx) => signIn.createSignInLink(tx, s.mine, now));
    const used = await s.write((tx) => signIn.useSignInLink(tx, secret, now));
    return signIn.readSession(s.read, used?.session ?? "", now);
  },
  "sign-in/openSession": (s) => s.write((tx) => signIn.openSession(tx, s.mine, null, now)),
  "sign-in/closeSessionsOf": (s) => s.write((tx) => signIn.closeSessionsOf(tx, s.mine, s.user.id, "")),
  "owner-mail/saveReminder": (s) =>
    s.write(async (tx) => ownerMail.saveReminder(tx, { ...(await theirInbox(s)), accountId: s.mine }, 0, now)),
  "owner-mail/saveDigest": (s) => s.write((tx) => ownerMail.saveDigest(tx, { ...s.user, accountId: s.mine }, now)),
  "users/createUser": (s) => s.write((tx) => users.createUser(tx, s.mine, { email: "foreign@x.example", name: "x", role: "owner" }, now)),
  "users/getUser": (s) => users.getUser(s.read, s.mine, s.user.id),
  "users/listUsers": (s) => users.listUsers(s.read, s.mine),
  "users/updateUser": (s) => s.write((tx) => users.updateUser(tx, s.mine, s.user.id, { name: "ours" }, now)),
  "users/deleteUser": (s) => s.write((tx) => users.deleteUser(tx, s.mine, s.user.id)),
  "tie-notices/tieNotices": (s) => s.write((tx) => ties.tieNotices(tx, s.mine, ids(s), { waitingIsOver: true }, now)),
  "traces/saveTraces": (s) =>
    s.write((tx) =>
      traces.saveTraces(
        tx,
        s.mine,
        s.theirs.inboxId,
        [{ ref: "bounce-foreign", messageId: null, noticeId: null, outcome: "x", steps: [] }],
        now,
      ),
    ),
  "traces/findTraces": (s) => traces.findTraces(s.read, s.mine, "bounce-foreign-waits@notices.example"),
  "traces/readTrace": (s) => traces.readTrace(s.read, s.mine, s.theirs.inboxId, "delay"),
  "turns/claimInbox": (s) => s.write((tx) => turns.claimInbox(tx, s.mine, s.theirs.inboxId, { busyUntil: now }, late)),
  "turns/finishTurn": (s) => s.write((tx) => turns.finishTurn(tx, stolen(s), { state: "watching", nextPollAt: null, failedPolls: 0 }, now)),
  "turns/pollNow": (s) => s.write((tx) => turns.pollNow(tx, s.mine, s.theirs.inboxId, late)),
  "unbounce/unbounce": (s) => s.write((tx) => unbounce.unbounce(tx, s.mine, "foreign-2@x.example", "x", "x", late)),
  "upsert-contacts/upsertContacts": (s) =>
    s.write((tx) => upsertContacts.upsertContacts(tx, s.mine, [{ externalId: "ours-2", addresses: ["other@x.example"] }], now)),
  "waiting-notices/expireWaiting": (s) => waiting.expireWaiting(s.database, s.mine, late).then(none),
  "waiting-notices/retryWaiting": (s) => waiting.retryWaiting(s.database, s.mine, late),
  "webhook-events/nextWebhookEvents": (s) => webhookEvents.nextWebhookEvents(s.read, asOurs(s), 10),
  "webhook-events/countPending": async (s) => {
    const { events: ours } = await webhookEvents.nextWebhookEvents(s.read, asOurs(s), 100);
    return none((await webhookEvents.countPending(s.read, asOurs(s))) - ours.length);
  },
  "webhook-events/readWebhookEvent": (s) => webhookEvents.readWebhookEvent(s.read, s.mine, 1),
  "webhook-letters/listDeadLetters": (s) => webhookLetters.listDeadLetters(s.read, s.mine, s.webhook.id),
  "webhook-letters/queueLetter": (s) => s.write((tx) => webhookLetters.queueLetter(tx, s.mine, s.webhook.id, 1, late)),
  "webhook-letters/queueDeadLetters": (s) => s.write((tx) => webhookLetters.queueDeadLetters(tx, s.mine, s.webhook.id, late)).then(none),
  "webhook-letters/dueLetters": (s) => webhookLetters.dueLetters(s.read, s.mine, s.webhook.id, late, 10).then(({ length }) => none(length)),
  "webhook-letters/deleteLetter": (s) => s.write((tx) => webhookLetters.deleteLetter(tx, stolenWebhook(s), 1)),
  "webhook-letters/failLetter": (s) =>
    s.write((tx) => webhookLetters.failLetter(tx, stolenWebhook(s), 1, { error: "ours", dueAt: null }, now)),
  "webhook-turns/claimWebhook": (s) => s.write((tx) => webhookTurns.claimWebhook(tx, stolenWebhook(s), { busyUntil: late }, late)),
  "webhook-turns/releaseWebhook": (s) => s.write((tx) => webhookTurns.releaseWebhook(tx, stolenWebhook(s), theirDueAt)),
  "webhook-turns/saveWebhookStep": (s) =>
    s.write((tx) => webhookTurns.saveWebhookStep(tx, stolenWebhook(s), { kind: "dead", sequence: 1, error: "ours" }, now)),
  "webhooks/createWebhook": (s) => s.write((tx) => webhooks.createWebhook(tx, s.keys, s.mine, { url: "https://ours.example/" }, now)),
  "webhooks/getWebhook": (s) => webhooks.getWebhook(s.read, s.mine, s.webhook.id),
  "webhooks/listWebhooks": (s) => webhooks.listWebhooks(s.read, s.mine),
  "webhooks/updateWebhook": (s) => s.write((tx) => webhooks.updateWebhook(tx, s.mine, s.webhook.id, { enabled: false }, now)),
  "webhooks/rotateWebhookSecret": (s) =>
    s.write((tx) => webhooks.rotateWebhookSecret(tx, s.keys, s.mine, s.webhook.id, { overlapMs: 0 }, now)),
  "webhook-secrets/webhookSecrets": (s) => webhookSecrets.webhookSecrets(s.read, s.keys, s.mine, s.webhook.id, now),
  "webhooks/deleteWebhook": (s) => s.write((tx) => webhooks.deleteWebhook(tx, s.mine, s.webhook.id)),
  "crm-connections/getCrmConnection": (s) => crmConnections.getCrmConnection(s.read, s.mine),
  "crm-connections/readCrmToken": (s) => crmConnections.readCrmToken(s.read, s.keys, s.mine),
  "crm-links/getCrmLink": (s) => crmLinks.getCrmLink(s.read, s.mine, "foreign"),
  "crm-links/saveCrmLink": (s) => s.write((tx) => crmLinks.saveCrmLink(tx, stolenCrm(s), "foreign", { crmId: "ours", version: 9 })),
  "crm-turns/claimCrm": (s) => s.write((tx) => crmTurns.claimCrm(tx, { accountId: s.mine }, { busyUntil: late }, late)),
  "crm-turns/saveCrmStep": (s) =>
    s.write((tx) => crmTurns.saveCrmStep(tx, stolenCrm(s), { kind: "dead", sequence: 1, error: "ours" }, null, now)),
  "crm-turns/releaseCrm": (s) => s.write((tx) => crmTurns.releaseCrm(tx, stolenCrm(s), theirDueAt)),
  "crm-turns/crmDeadLetters": (s) => crmTurns.crmDeadLetters(s.read, s.mine).then(({ count }) => none(count)),
  "crm-connections/saveCrmConnection": (s) =>
    s.write((tx) => crmConnections.saveCrmConnection(tx, s.keys, s.mine, { ...crmWish, token: "ours", memory: "ours" }, now)),
  "erase-contact/eraseContact": (s) => s.write((tx) => eraseContact.eraseContact(tx, s.keys, s.mine, s.engagement.contactId, "me", now)),
  "erase-contact/searchContact": (s) => eraseContact.searchContact(s.read, s.mine, ["foreign@x.example", "foreign"]),
  "erase/searchInbox": (s) => erase.searchInbox(s.read, s.mine, s.theirs.inboxId),
  "erase/searchAccount": (s) => erase.searchAccount(s.read, s.mine).then(() => null),
  "erasures/saveErasure": (s) => s.write((tx) => erasures.saveErasure(tx, s.mine, receipt, now)),
  "erasures/saveProof": (s) =>
    s.write((tx) => erasures.saveProof(tx, { ...s.erasure, accountId: s.mine }, { ours: 1 }, now).then(() => null)),
  "erasures/findErasure": (s) => erasures.findErasure(s.read, s.mine, "foreign"),
  "erasures/listErasures": (s) => erasures.listErasures(s.read, s.mine),
  "erasures/rememberErased": (s) => s.write((tx) => erasures.rememberErased(tx, s.mine, ["foreign"]).then(() => null)),
  "erasures/readErased": (s) => erasures.readErased(s.read, s.mine, ["foreign-hash"]),
  "audit-log/appendAudit": (s) =>
    s.write((tx) => auditLog.appendAudit(tx, [{ accountId: s.mine, by: "me", action: "read", subject: null, at: now }]).then(() => null)),
  "audit-log/listAudit": (s) => auditLog.listAudit(s.read, s.mine),
  "mentions/findMentions": (s) => mentions.findMentions(s.read, s.mine, "events", ["foreign"]),
  "mentions/replaceMentions": (s) => s.write((tx) => mentions.replaceMentions(tx, s.mine, "notices", ["foreign"]).then(() => null)),
  "mentions/blankEvents": (s) => s.write((tx) => mentions.blankEvents(tx, s.mine, ["foreign"]).then(() => null)),
  "mentions/blankAddressEvents": (s) => s.write((tx) => mentions.blankAddressEvents(tx, s.mine, new Set([s.engagement.id]))).then(none),
  "mentions/countMentions": (s) => mentions.countMentions(s.read, s.mine, ["foreign@x.example"]),
  "crm-connections/deleteCrmConnection": (s) => s.write((tx) => crmConnections.deleteCrmConnection(tx, s.mine)),
  "idempotency-keys/claimIdempotencyKey": (s) => idempotencyKeys.claimIdempotencyKey(s.database, s.keys, keyed(s.mine, "ours"), now),
  "idempotency-keys/markEffect": (s) => s.write((tx) => idempotencyKeys.markEffect(tx, keyed(s.mine))),
  "idempotency-keys/keepAnswer": (s) =>
    s.write((tx) => idempotencyKeys.keepAnswer(tx, s.keys, keyed(s.mine), { status: 200, type: "", body: "ours" })),
  "idempotency-keys/forgetAnswers": (s) => s.write((tx) => idempotencyKeys.forgetAnswers(tx, s.mine)),
  "idempotency-keys/releaseIdempotencyKey": (s) => s.write((tx) => idempotencyKeys.releaseIdempotencyKey(tx, keyed(s.mine))),
  // Last: after it there is no account of ours.
  "erase/eraseAccount": (s) => s.write((tx) => erase.eraseAccount(tx, s.mine, "me", now)),
};

const reportOf = (s: Setting) => ({ ...(s.notices[0] as notices.Notice).report });
