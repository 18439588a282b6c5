import type { FastifyReply } from "fastify";
import { addressKey } from "../../bounces/keys.ts";
import { closeSession, closeSessionsOf, openSession, useSignInLink } from "../../store/sign-in.ts";
import { createUser, findLogin, updateUser } from "../../store/users.ts";
import { readCookie, setCookie } from "../page/cookies.ts";
import { type Html, html } from "../page/html.ts";
import { csrfField, message, type Pages, type Shown, type SignedInView, sessionCookie, type View, type ViewDeps } from "../page/view.ts";
import { hashPassword, isPassword, passwordFault } from "./passwords.ts";
import { createSignInGuard } from "./sign-in-guard.ts";

const twelveHours = 43_200;

/** Where to go after signing in: a page of ours, nothing else. */
const nextPage = (wish: string): string => (/^\/(?![/\\])[\w\-./?=&%]*$/.test(wish) ? wish : "/");

/** Where somebody begins. */
const home = (role: string): string => (role === "sales" ? "/inboxes" : "/support");

/** Signing in, by password and by link, and out; the first owner; one's own settings. */
export const signInPages = (pages: Pages, deps: ViewDeps): void => {
  const { database, now } = deps;
  const guard = createSignInGuard();
  const secure = (): boolean => deps.publicUrl().startsWith("https:");
  const remember = (reply: FastifyReply, session: string): void =>
    setCookie(reply, sessionCookie, session, { seconds: twelveHours, secure: secure() });

  pages.open("GET", "/", async (view) => {
    const link = view.field("signin");
    if (link === "") return { redirect: view.session ? home(view.session.user?.role ?? "owner") : "/signin" };
    const opened = await database.transaction((tx) => useSignInLink(tx, link, now()));
    if (!opened) return message(401, view.t("signIn.linkGone"));
    remember(view.reply, opened.session);
    if (opened.userId !== null) return { redirect: "/password" };
    return { redirect: "/timeline" };
  });

  pages.open("GET", "/signin", async (view) => signInForm(view, view.session ? null : undefined));

  pages.open("POST", "/signin", async (view) => {
    const [email, password] = [view.field("email").trim(), view.field("password")];
    const keys = [`ip ${view.request.ip}`, `address ${addressKey(email)}`];
    const minutes = guard.wait(keys, now());
    if (minutes !== null) return { ...signInForm(view, view.t("signIn.tooMany", { minutes })), status: 429 };
    const found = await findLogin(database.read, email);
    if (!(await isPassword(password.slice(0, 1000), found?.password ?? null)) || !found) {
      guard.failed(keys, now());
      return { ...signInForm(view, view.t("signIn.wrong")), status: 401 };
    }
    guard.succeeded(`address ${addressKey(email)}`);
    const { user } = found;
    await deps.audit.change({ accountId: user.accountId, by: `session:${user.id}`, action: "sign in", subject: user.id, at: now() });
    const session = await database.transaction(async (tx) => {
      await updateUser(tx, user.accountId, user.id, { signedInAt: now() }, now());
      return openSession(tx, user.accountId, user.id, now());
    });
    remember(view.reply, session);
    const next = nextPage(view.field("next"));
    return { redirect: next === "/" ? home(user.role) : next };
  });

  pages.post("/signout", "sales", async (view) => {
    const session = readCookie(view.request, sessionCookie);
    if (session !== null) await database.transaction((tx) => closeSession(tx, session));
    setCookie(view.reply, sessionCookie, "", { seconds: 0, secure: secure() });
    return { redirect: "/signin" };
  });

  pages.get("/setup", "owner", async (view) => (view.maySetUp ? setUpForm(view, null) : { redirect: "/" }));

  pages.post("/setup", "owner", async (view) => {
    if (!view.maySetUp) return { redirect: "/" };
    const fault = passwordFault(view.field("password"));
    const email = view.field("email").trim();
    if (!isEmail(email)) return { ...setUpForm(view, view.t("users.badEmail")), status: 422 };
    if (fault) return { ...setUpForm(view, view.t(`password.${fault}`)), status: 422 };
    const password = await hashPassword(view.field("password"));
    const old = readCookie(view.request, sessionCookie);
    const session = await database.transaction(async (tx) => {
      const user = await createUser(tx, view.accountId, { email, name: view.field("name").trim() || email, role: "owner" }, now());
      if (!user) return null;
      await updateUser(tx, view.accountId, user.id, { password, signedInAt: now() }, now());
      if (old !== null) await closeSession(tx, old);
      return openSession(tx, view.accountId, user.id, now());
    });
    if (session === null) return { ...setUpForm(view, view.t("users.taken")), status: 422 };
    remember(view.reply, session);
    return { redirect: "/support" };
  });

  pages.get("/password", "sales", async (view) => (view.user ? passwordForm(view, null) : { redirect: "/setup" }));

  pages.post("/password", "sales", async (view) => {
    if (!view.user) return { redirect: "/setup" };
    const { id, email } = view.user;
    const stored = (await findLogin(database.read, email))?.password ?? null;
    if (stored !== null && !(await isPassword(view.field("current").slice(0, 1000), stored)))
      return { ...passwordForm(view, view.t("password.currentWrong")), status: 422 };
    const fault = passwordFault(view.field("password"));
    if (fault) return { ...passwordForm(view, view.t(`password.${fault}`)), status: 422 };
    const password = await hashPassword(view.field("password"));
    const session = readCookie(view.request, sessionCookie) ?? "";
    await database.transaction(async (tx) => {
      await updateUser(tx, view.accountId, id, { password, signedInAt: now() }, now());
      await closeSessionsOf(tx, view.accountId, id, session);
    });
    return { redirect: stored === null ? "/" : "/me?saved=1" };
  });

  pages.get("/me", "sales", async (view) => settingsPage(view));

  pages.post("/me", "sales", async (view) => {
    if (!view.user) return { redirect: "/me" };
    const language = view.field("language");
    const timeZone = view.field("timeZone");
    const change = {
      language: language === "en" || language === "pl" ? language : null,
      digest: view.field("digest") === "on",
      timeZone: Intl.supportedValuesOf("timeZone").includes(timeZone) ? timeZone : null,
    } as const;
    const { id } = view.user;
    await database.transaction((tx) => updateUser(tx, view.accountId, id, change, now()));
    // What was chosen in the head of a page would go before what is chosen here.
    setCookie(view.reply, "bounceline_language", "", { seconds: 0, secure: secure() });
    return { redirect: "/me?saved=1" };
  });
};

/** As mail programs would accept it; whether it can be reached nobody knows. */
export const isEmail = (text: string): boolean => /^[^\s@<>"]{1,64}@[^\s@<>"]{1,250}\.[^\s@<>".]{2,}$/.test(text);

const fault = (sentence: string | null | undefined): Html | null | undefined | "" =>
  sentence && html`<p class="fault" role="alert">${sentence}</p>`;

const signInForm = (view: View, wrong: string | null | undefined): Shown => ({
  title: view.t("signIn.title"),
  content: html`<h1>${view.t("signIn.title")}</h1>
${fault(wrong)}
<form method="post" action="/signin" class="narrow">
<input type="hidden" name="next" value="${nextPage(view.field("next"))}">
<label>${view.t("signIn.email")}<input name="email" type="email" autocomplete="username" required value="${view.field("email")}"></label>
<label>${view.t("signIn.password")}<input name="password" type="password" autocomplete="current-password" required></label>
<button>${view.t("signIn.button")}</button>
</form>
<p class="quiet">${withCode(view.t("signIn.link"))}</p>`,
});

/** What stands between backticks is to be typed as it is. */
const withCode = (sentence: string): Html =>
  html`${sentence.split("`").map((part, i) => (i % 2 === 1 ? html`<code>${part}</code>` : part))}`;

const newPassword = (view: View): Html => html`<label>${view.t("signIn.password")}
<input name="password" type="password" autocomplete="new-password" required minlength="12" maxlength="200" aria-describedby="password-hint"></label>
<p class="quiet" id="password-hint">${view.t("password.hint")}</p>`;

const setUpForm = (view: SignedInView, wrong: string | null): Shown => ({
  title: view.t("setup.title"),
  content: html`<h1>${view.t("setup.title")}</h1>
<p>${view.t("setup.why")}</p>
${fault(wrong)}
<form method="post" action="/setup" class="narrow">${csrfField(view)}
<label>${view.t("users.name")}<input name="name" autocomplete="name" required value="${view.field("name")}"></label>
<label>${view.t("signIn.email")}<input name="email" type="email" autocomplete="username" required value="${view.field("email")}"></label>
${newPassword(view)}
<p class="actions"><button>${view.t("password.button")}</button> <a href="/timeline">${view.t("setup.later")}</a></p>
</form>`,
});

const passwordForm = (view: SignedInView, wrong: string | null): Shown => ({
  title: view.t("password.title"),
  content: html`<h1>${view.t("password.title")}</h1>
${fault(wrong)}
<form method="post" action="/password" class="narrow">${csrfField(view)}
<input type="hidden" name="email" autocomplete="username" value="${view.user?.email}">
${view.user?.hasPassword && html`<label>${view.t("password.current")}<input name="current" type="password" autocomplete="current-password" required></label>`}
${newPassword(view)}
<button>${view.t("password.button")}</button>
</form>`,
});

const settingsPage = (view: SignedInView): Shown => {
  const { user } = view;
  const title = view.t("me.title");
  if (!user) return { title, content: html`<h1>${title}</h1><p>${view.t("me.byLink")} <a href="/setup">${view.t("setup.title")}</a></p>` };
  const languages = [
    ["", view.t("me.languageBrowser")],
    ["en", "English"],
    ["pl", "Polski"],
  ] as const;
  const zones = [
    ["", view.t("me.zoneBrowser", { zone: view.timeZone })],
    ...Intl.supportedValuesOf("timeZone").map((zone) => [zone, zone]),
  ];
  const option = (chosen: string | null, [value, label]: readonly string[]): Html =>
    html`<option value="${value}"${(chosen ?? "") === value && html` selected`}>${label}</option>`;
  return {
    title,
    content: html`<h1>${title}</h1>
<p>${user.name} · ${user.email} · ${view.t(`role.${user.role}`)}</p>
${view.field("saved") !== "" && html`<p class="done" role="status">${view.t("me.saved")}</p>`}
<form method="post" action="/me" class="narrow">${csrfField(view)}
<label>${view.t("me.language")}<select name="language">${languages.map((each) => option(user.language, each))}</select></label>
<label>${view.t("me.zone")}<select name="timeZone">${zones.map((each) => option(user.timeZone, each))}</select></label>
<label class="choice"><input type="checkbox" name="digest"${user.digest && html` checked`}> <span>${view.t("me.digest")}</span></label>
<button>${view.t("me.save")}</button>
</form>
<p><a href="/password">${view.t("password.title")}</a></p>`,
  };
};
