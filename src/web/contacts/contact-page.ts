import { addressKey } from "../../bounces/keys.ts";
import { purposeText } from "../../messages/address-text.ts";
import { readAddresses } from "../../store/addresses.ts";
import { listColleagueBounces } from "../../store/colleague-bounces.ts";
import { type AddressChange, contactTimeline, type TimelineEntry } from "../../store/contact-timeline.ts";
import { globallyBounced } from "../../store/global-bounces.ts";
import { countSentTo } from "../../store/sent-messages.ts";
import type { ConnectDeps } from "../../sync/connect-inbox.ts";
import { noticeLinks } from "../../sync/notice-links.ts";
import type { AddressHealth } from "../../timeline/address-health.ts";
import { type Html, html } from "../page/html.ts";
import { csrfField, type Shown, type SignedInView, type ViewDeps } from "../page/view.ts";
import { bounceCard, type CardOptions, timeOf } from "./bounce-card.ts";
import { contactTitle, type VisibleContact } from "./visible-contact.ts";

export type ContactPageDeps = ViewDeps & { connecting: Pick<ConnectDeps, "loadConnector"> };

/** Colleagues are named for so long. */
const warningMs = 90 * 86_400_000;

/** What is known of one address. */
type Address = { address: string; health: AddressHealth | null; global: boolean };

/** A contact: who it is, whether mail can go there, its timeline, and what can be done. `fault`: why a form was not taken. */
export const contactPage = async (
  deps: ContactPageDeps,
  view: SignedInView,
  { contact, inboxIds }: VisibleContact,
  fault: string | null = null,
): Promise<Shown> => {
  const { read } = deps.database;
  const { accountId } = view;
  const addressKeys = contact.addresses.map(addressKey);
  const healths = await readAddresses(read, accountId, addressKeys);
  const global = await globallyBounced(read, deps.keys, accountId, addressKeys, view.now);
  const addresses = contact.addresses.map((address) => ({
    address,
    health: healths.get(addressKey(address)) ?? null,
    global: global.has(addressKey(address)),
  }));
  const timeline = await contactTimeline(read, accountId, contact, { cursor: view.field("cursor") || null, limit: 50, inboxIds });
  const describe = async (provider: string) => (await deps.connecting.loadConnector(provider))?.describe ?? null;
  const links = await noticeLinks(
    read,
    describe,
    accountId,
    timeline.data.map(({ bounce }) => bounce?.noticeId ?? null),
  );
  // Who sees all bounces sees the colleagues' on the timeline.
  const ofColleagues = inboxIds
    ? await listColleagueBounces(read, accountId, addressKeys, { ownInboxIds: inboxIds, since: view.now - warningMs })
    : [];
  const reason = addresses.find(({ health }) => health?.reason)?.health?.reason ?? null;
  const title = contactTitle(contact);
  return {
    title,
    status: fault === null ? 200 : 422,
    content: html`<h1>${title}</h1>
${said(view, fault)}
<dl class="facts">
<dt>${view.t("contacts.addresses")}</dt><dd>${contact.addresses.length > 0 ? contact.addresses.join(", ") : "–"}</dd>
<dt>${view.t("contacts.externalId")}</dt><dd>${contact.externalId ?? "–"}</dd>
<dt>${view.t("contact.hardReason")}</dt><dd>${reason === null ? "–" : view.t(`category.${reason}`)}</dd>
</dl>
${
  ofColleagues.length > 0 &&
  html`<ul class="warnings">${ofColleagues.map(
    ({ address, owner, inboxAddress, occurredAt }) =>
      html`<li><b>${address}</b>: ${view.t("contact.colleague", { colleague: nameOf(owner) ?? inboxAddress, date: view.time(occurredAt) })}</li>`,
  )}</ul>`
}
<h2>${view.t("contact.eligibility")}</h2>
${addresses.length === 0 && html`<p>${view.t("contact.noAddress")}</p>`}
<div class="addresses">${addresses.map((one) => addressCard(view, contact.id, one))}</div>
<h2>${view.t("contact.timeline")}</h2>
${timeline.data.length === 0 && (await noBounces(deps, view, addressKeys))}
<ol class="timeline">
${timeline.data.map((entry) => entryCard(view, entry, { level: 3, linksContact: false, links }))}
</ol>
${timeline.nextCursor && html`<p><a href="?cursor=${timeline.nextCursor}">${view.t("page.timeline.older")}</a></p>`}
${view.role !== "sales" && mergeForm(view, contact.id)}
${view.role === "owner" && html`<p class="danger"><a href="/contacts/${contact.id}/erase">${view.t("erase.link")}</a></p>`}`,
  };
};

const done = ["unbounced", "appealed", "merged"] as const;

/** What a form did, or why it did nothing. */
const said = (view: SignedInView, fault: string | null): Html | null => {
  if (fault !== null) return html`<p class="fault" role="alert">${fault}</p>`;
  const what = done.find((word) => word === view.field("done"));
  return what ? html`<p class="done" role="status">${view.t(`contact.done.${what}`)}</p>` : null;
};

const nameOf = (owner: unknown): string | null => (owner as { name?: string | null } | null)?.name ?? null;

const noBounces = async ({ database }: ContactPageDeps, view: SignedInView, addressKeys: readonly string[]): Promise<Html> => {
  const { count, since } = await countSentTo(database.read, view.accountId, addressKeys);
  const sentence =
    since === null ? view.t("contact.noMessages") : view.t("contact.noBounces", { n: view.number(count), date: view.time(since) });
  return html`<p>${sentence}</p>`;
};

const addressCard = (view: SignedInView, contactId: string, { address, health, global }: Address): Html => {
  const words = purposeText(view.language, health, global, view.timeZone);
  const out = health?.eligible === false;
  return html`<section class="address">
<h3>${address}</h3>
<dl>
<dt>${view.t("purpose.marketing")}</dt><dd>${sign(out || global ? "no" : "yes")}${words.marketing}</dd>
<dt>${view.t("purpose.oneToOne")}</dt><dd>${sign(out || global ? "warning" : "yes")}${words.oneToOne}</dd>
${health?.lastSignOfLife && html`<dt>${view.t("contact.lastReply")}</dt><dd>${timeOf(view, health.lastSignOfLife)}</dd>`}
</dl>
${out && noteForm(view, contactId, address, "unbounce")}
${global && noteForm(view, contactId, address, "appeal")}
</section>
`;
};

const sign = (mark: "yes" | "no" | "warning"): Html =>
  html`<span class="mark ${mark}" aria-hidden="true">${{ yes: "✓", no: "✕", warning: "!" }[mark]}</span> `;

const noteForm = (view: SignedInView, contactId: string, address: string, what: "unbounce" | "appeal"): Html => html`<details>
<summary>${view.t(`${what}.title`)}</summary>
<form method="post" action="/contacts/${contactId}/${what}">${csrfField(view)}<input type="hidden" name="address" value="${address}">
<p>${view.t(`${what}.hint`)}</p>
<label>${view.t("contact.note")}<textarea name="note" rows="2" maxlength="1000" required></textarea></label>
<button>${view.t(`${what}.title`)}</button>
</form></details>`;

const entryCard = (view: SignedInView, entry: TimelineEntry, options: CardOptions): Html =>
  entry.bounce ? bounceCard(view, entry.bounce, options) : changeCard(view, entry.change);

const changeCard = (view: SignedInView, { address, event }: AddressChange): Html =>
  html`<li class="bounce change">
<h3><span aria-hidden="true">${event.kind === "alive" ? "↩" : "✓"}</span>${
    event.kind === "alive" ? view.t("contact.change.alive", { address }) : view.t("contact.change.unbounced", { address, who: event.by })
  }</h3>
${event.kind === "unbounced" && html`<p>${view.t("page.timeline.quoted", { words: event.note })}</p>`}
<p class="quiet">${timeOf(view, event.at)}</p>
</li>
`;

const mergeForm = (view: SignedInView, contactId: string): Html => html`<details class="more">
<summary>${view.t("merge.title")}</summary>
<form method="get" action="/contacts/${contactId}/merge" class="narrow">
<p>${view.t("merge.hint")}</p>
<label>${view.t("merge.address")}<input name="address" inputmode="email" autocomplete="off" required></label>
<button>${view.t("merge.find")}</button>
</form></details>`;
