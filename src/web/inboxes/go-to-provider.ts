import { type AuthorizeWish, beginAuthorization } from "../../sync/authorize-inbox.ts";
import type { ConnectDeps } from "../../sync/connect-inbox.ts";
import { readCookie, setCookie } from "../page/cookies.ts";
import { type Html, html } from "../page/html.ts";
import { basePolicy } from "../page/policy.ts";
import { csrfField, type Redirect, type SignedInView, type View } from "../page/view.ts";

/** A provider people sign in to; `ready` is false where the operator has set up no app for it. `origin`: where its page lies. */
export type SignInProvider = { name: string; label: string; ready: boolean; origin: string | null };

type Deps = { connecting: ConnectDeps; publicUrl: () => string };

const browserCookie = "bounceline_authorization";

/** The secret that binds a sign-in to the browser that began it. */
export const browserSecret = ({ request }: View): string => readCookie(request, browserCookie) ?? "";

/** Begins a sign-in at a provider's own page, and sends the browser there. */
export const goToProvider = async (
  view: View,
  { connecting, publicUrl }: Deps,
  accountId: string,
  wish: Omit<AuthorizeWish, "redirectUri">,
): Promise<Redirect> => {
  const { url, browser } = await beginAuthorization(connecting, accountId, { ...wish, redirectUri: `${publicUrl()}/oauth/callback` });
  setCookie(view.reply, browserCookie, browser, { path: "/oauth", seconds: 900, secure: publicUrl().startsWith("https:") });
  return { redirect: url };
};

/**
 * Lets the page's forms lead to the providers, and at the end to `returnUrl`: a form's answer redirects there, which browsers hold
 * against form-action too.
 */
export const allowFormsTo = (view: View, providers: readonly SignInProvider[], returnUrl: string | null = null): void => {
  const origins = [...providers.flatMap(({ origin }) => origin ?? []), ...(returnUrl === null ? [] : [new URL(returnUrl).origin])].join(
    " ",
  );
  view.reply.header("content-security-policy", `${basePolicy}; form-action 'self' ${origins}`);
};

/** The button that leads to a provider; where the operator has not set it up, disabled with the reason. `address`: the mailbox to sign in to. */
export const providerButton = (
  view: SignedInView,
  { name, label, ready }: SignInProvider,
  { action, words, address }: { action: string; words: string; address?: string },
): Html =>
  html`<form method="post" action="${action}" class="provider">${csrfField(view)}${address && html`<input type="hidden" name="address" value="${address}">`}
<button${!ready && html` disabled aria-describedby="not-${name}"`}>${words}</button>
${!ready && html`<p class="quiet" id="not-${name}">${view.t("page.connect.notSetUp", { provider: label })}</p>`}</form>`;
