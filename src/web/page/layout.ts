import type { UserRole } from "../../ports/database.ts";
import { type Html, html } from "./html.ts";
import type { Shown, View } from "./view.ts";

const links = [
  { href: "/support", key: "nav.support", roles: ["owner", "support"] },
  { href: "/timeline", key: "nav.timeline", roles: ["owner", "support", "sales"] },
  { href: "/contacts", key: "nav.contacts", roles: ["owner", "support", "sales"] },
  { href: "/sends", key: "nav.sends", roles: ["owner", "support"] },
  { href: "/inboxes", key: "nav.inboxes", roles: ["owner", "support", "sales"] },
  { href: "/notices", key: "nav.notices", roles: ["owner", "support", "sales"] },
  { href: "/why", key: "nav.why", roles: ["owner", "support"] },
  { href: "/coverage", key: "nav.coverage", roles: ["owner", "support"] },
  { href: "/users", key: "nav.users", roles: ["owner"] },
] as const satisfies readonly { href: string; key: string; roles: readonly UserRole[] }[];

/** Where a page lies among the links: /inboxes/inb_1 is under /inboxes. */
const isHere = (path: string, href: string): boolean => path === href || path.startsWith(`${href}/`);

const navigation = (view: View): Html | null => {
  if (!view.session) return null;
  const role = view.session.user?.role ?? "owner";
  const path = view.request.url.split("?")[0] ?? "";
  const shown = links.filter(({ roles }) => (roles as readonly string[]).includes(role));
  return html`<nav aria-label="${view.t("nav.main")}"><ul>${shown.map(
    ({ href, key }) => html`<li><a href="${href}"${isHere(path, href) && html` aria-current="page"`}>${view.t(key)}</a></li>`,
  )}</ul></nav>`;
};

const who = (view: View): Html | null =>
  view.session &&
  html`<form class="who-am-i" method="post" action="/signout"><input type="hidden" name="csrf" value="${view.csrf}">
<a href="/me">${view.session.user?.name ?? view.t("role.owner")}</a> <button class="plain">${view.t("signIn.out")}</button></form>`;

/** The address of this page in another language. */
const inLanguage = ({ request }: View, language: string): string => {
  const [path = "/", query] = request.url.split("?");
  const asked = new URLSearchParams(query);
  asked.delete("signin");
  asked.set("language", language);
  return `${path}?${asked}`;
};

/** What answers a form may have no page at its address: nothing there to show in another language. */
const hasPage = ({ request }: View): boolean =>
  request.method === "GET" || request.server.hasRoute({ method: "GET", url: request.routeOptions.url ?? "" });

const languages = (view: View): Html | null =>
  !hasPage(view)
    ? null
    : html`<p class="languages"><a lang="en" hreflang="en" href="${inLanguage(view, "en")}">English</a> · <a lang="pl" hreflang="pl" href="${inLanguage(view, "pl")}">Polski</a></p>`;

/** What every page has around its content. */
export const layout = (view: View, { title, content, live = false, wide = false, bare = false }: Shown): string =>
  `<!doctype html>\n${
    html`<html lang="${bare ? "en" : view.language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} · Bounceline</title>
<link rel="stylesheet" href="/assets/style.css">
<link rel="icon" href="data:,">
${live && html`<meta name="htmx-config" content='{"includeIndicatorStyles":false,"allowEval":false,"selfRequestsOnly":true}'><script src="/assets/htmx.js" defer></script>`}
${!bare && html`<script src="/assets/app.js" defer></script>`}
</head>
<body>
<a class="skip" href="#content">${view.t("nav.skip")}</a>
<div class="page${wide && " wide"}">
<header><p class="brand">Bounceline</p>${!bare && who(view)}${!bare && languages(view)}</header>
${!bare && navigation(view)}
${view.maySetUp && !bare && !view.request.url.startsWith("/setup") && html`<p class="hint">${view.t("setup.notice")} <a href="/setup">${view.t("setup.title")}</a></p>`}
<main id="content">
${content}
</main>
</div>
</body>
</html>
`.markup
  }`;
