import { said } from "../../messages/said.ts";
import type { Explanation } from "../../sync/explain.ts";
import type { WhyAction } from "../../sync/why.ts";
import { type Html, html } from "../page/html.ts";
import { csrfField, type View } from "../page/view.ts";

/** The answers to one question, each with its steps and the one thing to do. `back`: where the question can be asked again. */
export const answersOf = (view: View, explanations: readonly Explanation[], back: string): Html =>
  html`${explanations.map((one, i) => answerOf(view, one, back, explanations.length > 1 ? view.t("why.answers", { i: i + 1, n: explanations.length }) : null))}`;

const answerOf = (view: View, { code, sentence, needed, action, steps }: Explanation, back: string, which: string | null): Html =>
  html`<section class="answer" data-code="${code}">
${which && html`<p class="quiet">${which}</p>`}
<h2>${sentence}</h2>
${needed && html`<p><span class="quiet">${view.t("why.needed")}:</span> ${needed}</p>`}
${action && actionOf(view, action, back)}
<h3>${view.t("why.steps")}</h3>
${steps.length === 0 ? html`<p class="quiet">${view.t("why.noSteps")}</p>` : stepsOf(view, steps)}
</section>`;

const stepsOf = (view: View, steps: Explanation["steps"]): Html => {
  const told = steps.map(({ step, because }) => (isOurs(step) ? { text: because, language: view.language } : said(view.language, because)));
  const mixed = told.some(({ language }) => language !== view.language);
  return html`${mixed && html`<p class="quiet">${view.t("why.trace")}</p>`}<ol class="steps">${told.map(({ text, language }) => html`<li lang="${language}">${text}</li>`)}</ol>`;
};

/** Steps that are told in the reader's language; the others are a stored trace, in English, with servers' words. */
const ours = new Set("seen triage sent logged no_notice looked waits state polled coverage mailbox".split(" "));
const isOurs = (step: string): boolean => ours.has(step);

/** Where a link leads; what is not here is done by a button. */
const linkOf = ({ code, noticeId, contactId, inboxId }: WhyAction): string | null => {
  switch (code) {
    case "choose":
    case "share_notice":
      return `/notices/${noticeId}`;
    case "timeline":
      return `/contacts/${contactId}`;
    case "inbox":
    case "reconnect":
    case "resume":
      return `/inboxes/${inboxId}`;
    case "connect":
      return "/inboxes";
    case "register":
      return "/docs#registerSentMessages";
    case "upload":
      return "/why#file";
    default:
      return null;
  }
};

const posts: Partial<Record<WhyAction["code"], string>> = {
  open_now: "/why/open",
  poll_now: "/why/poll",
  watch_folder: "/why/watch",
  replay: "/why/replay",
  look_in_mailbox: "/why/look",
};

const actionOf = (view: View, action: WhyAction, back: string): Html | null => {
  const label = view.t(`why.action.${action.code}`, { folder: action.folder ?? "" });
  const href = linkOf(action);
  if (href !== null) return html`<p><a class="button" href="${href}">${label}</a></p>`;
  const target = action.code === "check_coverage" ? `/coverage/${action.inboxId}/check` : posts[action.code];
  if (target === undefined) return null;
  const { inboxId, ref, folder, webhookId } = action;
  const fields = Object.entries({ inbox: inboxId, ref, folder, webhook: webhookId, back }).filter(([, value]) => value !== undefined);
  return html`<form method="post" action="${target}">${csrfField(view)}
${fields.map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`)}
<button>${label}</button></form>`;
};
