import type { Connector, SignedIn } from "../../ports/connector.ts";
import type { Inbox } from "../../store/inboxes.ts";
import { changeSettings, listFolders } from "../../sync/change-settings.ts";
import { type Html, html } from "../page/html.ts";
import { csrfField, message, notFoundPage, type Pages, type Shown, type SignedInView, type ViewDeps } from "../page/view.ts";
import type { ConnectPagesDeps } from "./connect-pages.ts";
import { sinceWhen } from "./inbox-words.ts";
import { faultLine, faultOf } from "./mailbox-form.ts";
import { mayChange, seenInbox } from "./visible-inboxes.ts";

/** What people choose of an inbox whose server does not tell all that is to be watched. */
type Chosen = { sentFolder?: string; extraFolders?: readonly string[] };

/** Which folders of an inbox are watched. A folder chosen here is read at once; the position in the others is kept. */
export const inboxSettingsPage = (pages: Pages, deps: ConnectPagesDeps & ViewDeps): void => {
  const { connecting, database, nudge } = deps;

  const opened = async (view: SignedInView, work: (inbox: Inbox, connector: Connector) => Promise<Shown>): Promise<Shown> => {
    const { id } = view.request.params as { id: string };
    const inbox = await seenInbox(database.read, view, id);
    if (!inbox) return notFoundPage(view);
    const connector = await connecting.loadConnector(inbox.provider);
    if (!connector?.listFolders || inbox.state === "disconnected" || inbox.state === "erased") return notFoundPage(view);
    return mayChange(view, inbox) ? work(inbox, connector) : message(403, view.t("signIn.forbidden"));
  };
  const show = async (view: SignedInView, inbox: Inbox, above: Html | null, status = 200): Promise<Shown> => ({
    ...settingsPage(view, inbox, await listFolders(connecting, inbox), above),
    status,
  });

  /** Changes what is chosen. `folder`: what must be there then, or nothing is changed. */
  const change = (
    view: SignedInView,
    chosen: (now: Chosen) => Chosen,
    folder: string | null,
    words: "settings.nowWatched" | "settings.unwatched" | "settings.sentSaved",
  ): Promise<Shown> =>
    opened(view, async (inbox, connector) => {
      const fault = (sentence: Html | null) => show(view, inbox, sentence, 422);
      try {
        const isThere = (found: SignedIn) =>
          folder === null || found.folders.some(({ path }) => path.toLowerCase() === folder.toLowerCase());
        const changed = await changeSettings(connecting, inbox, connector, chosen(inbox.settings as Chosen), isThere);
        if (!changed) return fault(html`<p class="fault" role="alert">${view.t("settings.notThere", { folder: folder ?? "" })}</p>`);
        nudge();
        return show(view, changed, html`<p class="done" role="status">${view.t(words, { folder: view.field("folder") })}</p>`);
      } catch (error) {
        return fault(faultLine(faultOf(view, error)));
      }
    });

  pages.get("/inboxes/:id/settings", "sales", (view) => opened(view, (inbox) => show(view, inbox, null)));

  pages.post("/inboxes/:id/settings/watch", "sales", (view) => {
    const folder = view.field("folder").trim();
    const more = ({ extraFolders = [] }: Chosen) => ({ extraFolders: [...new Set([...extraFolders, folder])] });
    return change(view, more, folder, "settings.nowWatched");
  });

  pages.post("/inboxes/:id/settings/unwatch", "sales", (view) => {
    const folder = view.field("folder");
    const fewer = ({ extraFolders = [] }: Chosen) => ({ extraFolders: extraFolders.filter((path) => path !== folder) });
    return change(view, fewer, null, "settings.unwatched");
  });

  pages.post("/inboxes/:id/settings/sent", "sales", (view) => {
    const sentFolder = view.field("folder").trim();
    return change(view, () => ({ sentFolder }), sentFolder || null, "settings.sentSaved");
  });
};

const settingsPage = (view: SignedInView, inbox: Inbox, folders: readonly string[] | null, above: Html | null): Shown => {
  const title = view.t("settings.title", { address: inbox.address });
  const known = folders ?? inbox.folders.map(({ path }) => path);
  return {
    title,
    content: html`<h1>${title}</h1>
${above}
<p>${view.t("settings.hint", { date: sinceWhen(view, inbox) })}</p>
${folders === null && html`<p>${view.t("settings.notListed")}</p>`}
<div class="scroll" tabindex="0"><table>
<thead><tr><th scope="col">${view.t("inbox.folder")}</th><th scope="col">${view.t("settings.watched")}</th><td></td></tr></thead>
<tbody>${known.map((path) => folderRow(view, inbox, path))}</tbody>
</table></div>
${
  folders === null &&
  html`<form method="post" action="/inboxes/${inbox.id}/settings/watch" class="narrow">${csrfField(view)}
<label>${view.t("settings.byName")}<input name="folder" required autocomplete="off"></label><button>${view.t("settings.watch")}</button></form>`
}
<h2>${view.t("settings.sent")}</h2>
<p>${view.t("settings.sentHint")}</p>
<form method="post" action="/inboxes/${inbox.id}/settings/sent" class="narrow">${csrfField(view)}
<label>${view.t("settings.sentFolder")}<select name="folder">${sentOptions(view, inbox, known)}</select></label>
<button>${view.t("settings.save")}</button></form>
<p><a href="/inboxes/${inbox.id}">${inbox.address}</a></p>`,
  };
};

const folderRow = (view: SignedInView, { id, folders, settings }: Inbox, path: string): Html => {
  const role = folders.find((folder) => folder.path === path)?.role;
  const extra = (settings as Chosen).extraFolders?.includes(path) === true;
  const button = (action: "watch" | "unwatch"): Html =>
    html`<form method="post" action="/inboxes/${id}/settings/${action}" class="inline">${csrfField(view)}<input type="hidden" name="folder" value="${path}"><button class="plain" aria-label="${view.t(`settings.${action}`)}: ${path}">${view.t(`settings.${action}`)}</button></form>`;
  return html`<tr><th scope="row">${path}</th><td>${role ? view.t(`inbox.why.${role}`) : view.t("settings.no")}</td><td>${role ? extra && button("unwatch") : button("watch")}</td></tr>`;
};

const sentOptions = (view: SignedInView, { settings }: Inbox, known: readonly string[]): Html => {
  const { sentFolder = "" } = settings as Chosen;
  const all = [...new Set([...known, ...(sentFolder === "" ? [] : [sentFolder])])];
  return html`<option value="">${view.t("settings.sentAuto")}</option>${all.map((path) => html`<option value="${path}"${path === sentFolder && html` selected`}>${path}</option>`)}`;
};
