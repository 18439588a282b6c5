import { changeState, type Inbox } from "../../store/inboxes.ts";
import { pollNow } from "../../store/turns.ts";
import { connectInbox } from "../../sync/connect-inbox.ts";
import { disconnectInbox } from "../../sync/disconnect-inbox.ts";
import { type Html, html } from "../page/html.ts";
import { csrfField, message, notFoundPage, type Pages, type Redirect, type Shown, type SignedInView, type ViewDeps } from "../page/view.ts";
import type { ConnectPagesDeps } from "./connect-pages.ts";
import { goToProvider, providerButton, type SignInProvider } from "./go-to-provider.ts";
import {
  type Fault,
  faultLine,
  faultOf,
  fieldsOf,
  isMailboxProvider,
  type MailboxFields,
  mailboxForm,
  sentFields,
  settingsOf,
} from "./mailbox-form.ts";
import { mayChange, seenInbox } from "./visible-inboxes.ts";

type Action = "poll" | "pause" | "resume" | "reconnect" | "disconnect" | "erase";

/** Those of the actions that only whose inbox it is, or an owner of the account, may take. */
const ofOwners: readonly Action[] = ["reconnect", "disconnect", "erase"];

/** What the inbox's state lets be done. */
const possible = ({ state, nextPollAt, provider }: Inbox): readonly Action[] => {
  if (state === "erased") return [];
  if (state === "disconnected") return ["reconnect", "erase"];
  const polled = nextPollAt !== null;
  const needed = ["reconnect_needed", "missing_permission", "needs_admin", "connecting"].includes(state);
  return [
    ...(polled && state !== "waiting" ? (["poll"] as const) : []),
    ...(polled ? (["pause"] as const) : []),
    ...(state === "paused" ? (["resume"] as const) : []),
    ...(needed || (state === "unreachable" && isMailboxProvider(provider)) ? (["reconnect"] as const) : []),
    "disconnect",
    "erase",
  ];
};

const isAllowed = (view: SignedInView, inbox: Inbox, action: Action): boolean => !ofOwners.includes(action) || mayChange(view, inbox);

type Handler<T> = (inbox: Inbox) => Promise<T>;

/** Runs what an action does, if the inbox is theirs to see, the action is theirs to take and its state lets it be. */
export const acting = async <T>(
  view: SignedInView,
  { database }: Pick<ViewDeps, "database">,
  action: Action,
  work: Handler<T>,
): Promise<T | Shown | Redirect> => {
  const { id } = view.request.params as { id: string };
  const inbox = await seenInbox(database.read, view, id);
  if (!inbox) return notFoundPage(view);
  if (!isAllowed(view, inbox, action)) return message(403, view.t("signIn.forbidden"));
  if (!possible(inbox).includes(action)) return after(inbox, "notNow");
  return work(inbox);
};

const after = ({ id }: Inbox, done: string): Redirect => ({ redirect: `/inboxes/${id}?done=${done}` });

/** Polling now, pausing, resuming, disconnecting and connecting anew. */
export const inboxActions = (pages: Pages, deps: ConnectPagesDeps & ViewDeps): void => {
  const { connecting, database, now, nudge } = deps;
  const on = (name: string, action: Action, work: (view: SignedInView, inbox: Inbox) => Promise<Shown | Redirect>): void =>
    pages.post(`/inboxes/:id/${name}`, "sales", (view) => acting(view, deps, action, (inbox) => work(view, inbox)));
  const by = ({ user }: SignedInView): string => user?.name ?? "the operator";

  on("poll", "poll", async (view, inbox) => {
    const due = await database.transaction((tx) => pollNow(tx, view.accountId, inbox.id, now()));
    nudge();
    return after(inbox, due ? "polled" : "notNow");
  });

  on("pause", "pause", async (view, inbox) => {
    const change = { state: "paused", detail: { by: by(view) }, nextPollAt: null } as const;
    await database.transaction((tx) => changeState(tx, view.accountId, inbox.id, change, now()));
    return after(inbox, "paused");
  });

  on("resume", "resume", async (view, inbox) => {
    const begun = inbox.progress === null && inbox.lastPollAt !== null;
    const change = { state: begun ? "watching" : "first_sync", nextPollAt: now() } as const;
    await database.transaction((tx) => changeState(tx, view.accountId, inbox.id, change, now()));
    nudge();
    return after(inbox, "resumed");
  });

  on("disconnect", "disconnect", async (view, inbox) => {
    await disconnectInbox(connecting, inbox, by(view));
    return after(inbox, "disconnected");
  });

  on("sign-in", "reconnect", async (view, { id, provider, address, settings, since }) => {
    if (!(await deps.providers()).some(({ name, ready }) => name === provider && ready)) return notFoundPage(view);
    return goToProvider(view, deps, view.accountId, { provider, expectedAddress: address, settings, since, reconnect: id, linkId: null });
  });

  pages.get("/inboxes/:id/reconnect", "sales", (view) =>
    acting(view, deps, "reconnect", async (inbox) =>
      isMailboxProvider(inbox.provider)
        ? reconnectPage(view, inbox, fieldsOf(inbox.provider, inbox.address, inbox.settings), null)
        : notFoundPage(view),
    ),
  );

  on("reconnect", "reconnect", async (view, inbox) => {
    if (!isMailboxProvider(inbox.provider)) return notFoundPage(view);
    const fields = { ...sentFields(view), provider: inbox.provider, address: inbox.address };
    // What the form does not ask for stays: the folders that were chosen.
    const { pinnedCertificate: _, sharedMailbox: __, ...kept } = inbox.settings as { [name: string]: unknown };
    try {
      await connectInbox(connecting, view.accountId, {
        provider: inbox.provider,
        address: inbox.address,
        settings: { ...kept, ...settingsOf(fields) },
        secrets: { password: view.field("password") },
        since: inbox.since,
        reconnect: inbox.id,
      });
      nudge();
      return after(inbox, "reconnected");
    } catch (error) {
      return { ...reconnectPage(view, inbox, fields, faultOf(view, error)), status: 422 };
    }
  });
};

const reconnectPage = (view: SignedInView, { id, address }: Inbox, fields: MailboxFields, fault: Fault | null): Shown => {
  const title = view.t("mailbox.reconnectTitle", { address });
  const form = { action: `/inboxes/${id}/reconnect`, button: view.t("mailbox.reconnect"), fault, fixed: true };
  return {
    title,
    content: html`<h1>${title}</h1>
${faultLine(fault)}
<p>${view.t("mailbox.reconnectHint")}</p>
${mailboxForm(view, fields, form)}
<p><a href="/inboxes/${id}">${address}</a></p>`,
  };
};

type Ways = { providers: readonly SignInProvider[] };

/** The buttons for what may be done now; what the state asks for stands first. */
export const actions = (view: SignedInView, inbox: Inbox, { providers }: Ways): Html | null => {
  const may = possible(inbox).filter((action) => isAllowed(view, inbox, action));
  const button = (action: "poll" | "pause" | "resume" | "disconnect"): Html | false =>
    may.includes(action) &&
    html`<form method="post" action="/inboxes/${inbox.id}/${action}">${csrfField(view)}<button${action !== "resume" && html` class="plain"`}>${view.t(`inbox.${action}`)}</button></form>`;
  return html`${may.includes("reconnect") && reconnect(view, inbox, providers)}
<div class="actions" role="group" aria-label="${view.t("inbox.actions")}">
${(["resume", "poll", "pause", "disconnect"] as const).map(button)}
${may.includes("erase") && html`<a class="button plain" href="/inboxes/${inbox.id}/erase">${view.t("inbox.erase")}</a>`}
</div>`;
};

/** By the form where a password opens the mailbox, else at its provider's page; what only the operator may connect, only they connect again. */
const reconnect = (view: SignedInView, { id, provider, state }: Inbox, providers: readonly SignInProvider[]): Html => {
  const words = view.t(state === "unreachable" ? "button.unreachable" : "inbox.reconnect");
  if (isMailboxProvider(provider)) return html`<p><a class="button" href="/inboxes/${id}/reconnect">${words}</a></p>`;
  const signIn = providers.find(({ name }) => name === provider);
  return signIn
    ? providerButton(view, signIn, { action: `/inboxes/${id}/sign-in`, words })
    : html`<p>${view.t("inbox.operatorReconnects")}</p>`;
};
