import { gunzipSync } from "node:zlib";
import type { HeaderFields } from "../../bounces/envelope.ts";
import { decodeWords, htmlText, partText } from "../../bounces/part-text.ts";
import { type Mail, type Part, readMail } from "../../bounces/read-mail.ts";
import { redactNotice } from "../../bounces/redact-notice.ts";
import { said } from "../../messages/said.ts";
import { readNoticeSource } from "../../store/notices.ts";
import { type Html, html } from "../page/html.ts";
import { type Download, message, notFoundPage, type Pages, type Shown, type SignedInView, type ViewDeps } from "../page/view.ts";
import { accessTo, type NoticeAccess } from "./notice-access.ts";
import { aboutWhom } from "./notice-card.ts";

/** More than a message that is opened may have. */
const mostBytes = 40_000_000;

/** The notice itself, for its owner and for whom its owner shares it with: each route of its own in the audit log. */
export const noticeTextPages = (pages: Pages, { database }: ViewDeps): void => {
  const { read } = database;

  type Source = { access: NoticeAccess; bytes: Uint8Array };

  /** The text, or the page that says why there is none to see. */
  const sourceFor = async (view: SignedInView): Promise<Source | Shown> => {
    const access = await accessTo(read, view, (view.request.params as { id: string }).id);
    if (!access) return notFoundPage(view);
    const refuse = (status: number, sentence: string): Shown => {
      const shown = message(status, sentence);
      return { ...shown, content: html`${shown.content}<p><a href="/notices/${access.notice.id}">${view.t("notice.back")}</a></p>` };
    };
    if (!access.mayRead) return refuse(403, view.t("share.private", { inbox: access.inbox.address }));
    const stored = await readNoticeSource(read, view.accountId, access.notice.id);
    if (!stored) return refuse(410, view.t("notice.gone"));
    return { access, bytes: new Uint8Array(gunzipSync(stored, { maxOutputLength: mostBytes })) };
  };

  const download = async (view: SignedInView, name: string, made: (bytes: Uint8Array) => Uint8Array): Promise<Download | Shown> => {
    const source = await sourceFor(view);
    if (!("bytes" in source)) return source;
    return { download: { content: made(source.bytes), name: `${source.access.notice.id}${name}.eml`, type: "message/rfc822" } };
  };

  pages.get("/notices/:id/text", "sales", async (view) => {
    const source = await sourceFor(view);
    return "bytes" in source ? textPage(view, source.access, source.bytes) : source;
  });
  pages.get("/notices/:id/notice.eml", "sales", (view) => download(view, "", (bytes) => bytes));
  pages.get("/notices/:id/redacted.eml", "sales", (view) => download(view, "-redacted", redactNotice));
};

const textPage = (view: SignedInView, { notice }: NoticeAccess, bytes: Uint8Array): Shown => {
  const mail = readMail(bytes);
  const title = view.t("notice.title", { who: aboutWhom(view, notice) });
  const shown =
    "unreadable" in mail
      ? html`<p>${view.t("notice.unreadable", { because: said(view.language, mail.because).text })}</p>`
      : html`<h2>${view.t("notice.header")}</h2>${headerTable(view, mail.root.fields)}
<h2>${view.t("notice.parts")}</h2>${partTree(view, mail, notice.report.language ?? "en")}`;
  return {
    title,
    wide: true,
    content: html`<h1>${title}</h1>
<p><a href="/notices/${notice.id}">${view.t("notice.back")}</a> · <a href="/notices/${notice.id}/notice.eml" download>${view.t("notice.download")}</a> · <a href="/notices/${notice.id}/redacted.eml" download>${view.t("notice.redacted")}</a></p>
<p class="quiet">${view.t("notice.safe")}</p>
${shown}`,
  };
};

const mostCharacters = 100_000;
const mostParts = 200;
const mostFields = 200;

/** A text as it can be shown: control characters, and what turns the direction of writing around, are seen as such. */
const visible = (text: string): string => text.replace(/[^\P{Cc}\n\t]|[\u202a-\u202e\u2066-\u2069]/gu, "\ufffd");

const shortened = (view: SignedInView, text: string): Html => {
  const rest = text.length > mostCharacters;
  return html`<pre>${visible(text.slice(0, mostCharacters))}</pre>${rest && html`<p class="quiet">${view.t("notice.cut", { n: view.number(mostCharacters), total: view.number(text.length) })}</p>`}`;
};

const headerTable = (view: SignedInView, fields: HeaderFields): Html => {
  const rows = [...fields].flatMap(([name, values]) => values.map((value) => [name, value] as const));
  return html`<div class="scroll" role="group" aria-label="${view.t("notice.header")}" tabindex="0"><table class="fields-of">
<tbody>${rows
    .slice(0, mostFields)
    .map(
      ([name, value]) =>
        html`<tr><th scope="row">${visible(name.slice(0, 100))}</th><td>${visible(decodeWords(value.slice(0, 4000)))}</td></tr>`,
    )}</tbody></table></div>${rows.length > mostFields && html`<p>${view.t("notices.more", { n: view.number(rows.length - mostFields) })}</p>`}`;
};

/** The parts as a tree, each with its type and size; what is text can be read. */
const partTree = (view: SignedInView, mail: Mail, language: string): Html => {
  let shown = 0;
  let hidden = 0;
  const item = (part: Part): Html | null => {
    if (shown >= mostParts) {
      hidden++;
      return null;
    }
    shown++;
    const size = view.t("notice.bytes", { n: view.number(part.end - part.start) });
    const name = html`<code>${visible(part.type.slice(0, 100))}</code> <span class="quiet">${size}</span>`;
    if (part.parts.length > 0) return html`<li>${name}<ul class="parts">${part.parts.map(item)}</ul></li>`;
    return html`<li><details${/^text\/plain|delivery-status$/.test(part.type) && html` open`}><summary>${name}</summary>${partBody(view, mail, part, language)}</details></li>`;
  };
  const tree = item(mail.root);
  return html`<ul class="parts">${tree}</ul>${hidden > 0 && html`<p>${view.t("notice.manyParts", { n: view.number(hidden) })}</p>`}`;
};

const partBody = (view: SignedInView, mail: Mail, part: Part, language: string): Html => {
  if (!part.type.startsWith("text/") && !part.type.startsWith("message/")) return html`<p>${view.t("notice.notShown")}</p>`;
  const text = partText(mail, part);
  if (part.type !== "text/html") return html`<div lang="${language}">${shortened(view, text)}</div>`;
  return html`<div lang="${language}">${shortened(view, htmlText(text).trim())}</div><details><summary>${view.t("notice.source")}</summary>${shortened(view, text)}</details>`;
};
