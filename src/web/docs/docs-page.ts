import type { OpenApi, Operation } from "../../api/open-api.ts";
import { type Html, html } from "../page/html.ts";
import type { Shown } from "../page/view.ts";
import examples from "./docs-examples.json" with { type: "json" };
import { fieldOf, fieldsOf } from "./docs-fields.ts";

/** A request and what it was answered by a server with a made-up account; run as a test, so that none can be wrong. */
export type Example = {
  operationId: string;
  method: string;
  path: string;
  headers?: Record<string, string>;
  body?: unknown;
  /** A message that is sent as it is. */
  file?: string;
  status: number;
  answer: unknown;
};

type Entry = Operation & { method: string; path: string };

const titles: Record<string, string> = {
  accounts: "Accounts and keys",
  inboxes: "Inboxes",
  "connect-links": "Connect links",
  contacts: "Contacts and timelines",
  addresses: "Addresses",
  engagements: "Engagements",
  "sent-messages": "Sent messages and sends",
  notices: "Notices",
  support: "Explain and inspect",
  events: "Events",
  webhooks: "Webhooks",
  privacy: "Erasing and who did what",
  health: "Health",
};

/** The API in one page, made from the document at /openapi.json. `publicUrl`: where requests go. */
export const docsPage = (document: OpenApi, publicUrl: string): Shown => {
  const entries = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): Entry => ({ ...operation, method: method.toUpperCase(), path })),
  );
  const tags = [...new Set(entries.flatMap(({ tags }) => tags))].sort((a, b) => order(a) - order(b));
  const groups = tags.map((tag) => ({ tag, title: titles[tag] ?? tag, entries: entries.filter((entry) => entry.tags.includes(tag)) }));
  const content = html`<div class="docs">
<nav aria-label="Contents">
<ul class="groups">
<li class="group"><a href="#how">How to ask</a></li>
${groups.map(({ tag, title, entries }) => html`<li class="group"><a href="#${tag}">${title}</a><ul>${entries.map(contentsLine)}</ul></li>`)}
</ul>
</nav>
<div class="reference">
<h1>API reference</h1>
<p class="quiet">Bounceline ${document.info.version} · <a href="/openapi.json">OpenAPI ${document.openapi}</a></p>
${howToAsk(publicUrl)}
${groups.map(
  ({ tag, title, entries }) => html`<section id="${tag}">
<h2>${title}</h2>
${entries.map((entry) => operation(entry, document, publicUrl))}
</section>
`,
)}
</div>
</div>`;
  return { title: "API reference", content, wide: true, bare: true };
};

const order = (tag: string): number => {
  const at = Object.keys(titles).indexOf(tag);
  return at < 0 ? Number.MAX_SAFE_INTEGER : at;
};

const contentsLine = ({ operationId, method, path }: Entry): Html =>
  html`<li><a href="#${operationId}"><span class="method">${method}</span> ${breakable(path.replace(/^\/v1/, ""))}</a></li>`;

/** A path that may be broken before each slash. */
const breakable = (path: string): Html => html`${path.split("/").map((part, i) => (i === 0 ? part : html`<wbr>/${part}`))}`;

const howToAsk = (publicUrl: string): Html => html`<section id="how">
<h2>How to ask</h2>
<p>Requests go to <code>${publicUrl}</code>, with an API key in a header: <code>Authorization: Bearer &lt;key&gt;</code>. A key belongs to one account; with the scope read it changes nothing. Keys of admins make accounts and keys, and nothing else. JSON goes in and out; times are RFC 3339 in UTC; fields without a value are null. New fields and new values of text fields may come at any time, except of an engagement's <code>state</code>.</p>
<dl>
<dt>Lists</dt><dd>come a page at a time: <code>{"data": […], "nextCursor": …}</code>. Ask again with <code>?cursor=</code> until <code>nextCursor</code> is null.</dd>
<dt>Trying again</dt><dd>Send an <code>Idempotency-Key</code> of your own with each request that makes or changes something. The same request with the same key is answered as the first time for a day, with <code>Idempotency-Replayed: true</code>, and happens once. What was refused before it began, 429 and 5xx are not kept: try those again with the same key.</dd>
<dt>Limits</dt><dd>Each key has so many requests a minute. <code>RateLimit: "key";r=599;t=60</code> says how many are left and for how many seconds; then come answers 429 with <code>Retry-After</code>.</dd>
<dt>Problems</dt><dd>Whatever is no success is <code>application/problem+json</code> (RFC 9457) with a stable <code>type</code>, a sentence in <code>detail</code>, the <code>requestId</code> that the log has it under, and <code>errors</code> by field where fields are wrong.</dd>
</dl>
</section>
`;

const operation = (entry: Entry, { components }: OpenApi, publicUrl: string): Html => {
  const { schemas } = components;
  const scope = entry.security.flatMap(({ key }) => key).at(0);
  const answers = Object.entries(entry.responses).flatMap(([status, { content }]) => {
    const schema = content?.["application/json"]?.schema;
    return schema ? [[status, schema] as const] : [];
  });
  const parameters = (entry.parameters ?? []).toSorted((a, b) => whereOrder.indexOf(a.in) - whereOrder.indexOf(b.in));
  const problems = Object.entries(entry.responses).filter(([, { content }]) => content?.["application/problem+json"]);
  const body = Object.entries(entry.requestBody?.content ?? {}).at(0);
  return html`<article id="${entry.operationId}" class="operation">
<h3><span class="method">${entry.method}</span> <code>${breakable(entry.path)}</code></h3>
<p>${entry.summary}${entry.description && ` ${entry.description}`}</p>
<p class="quiet">${scope === undefined ? "Open to everybody: no key." : scopeText(scope)}</p>
${
  parameters.length > 0 &&
  html`<h4>Parameters</h4>
<ul class="fields">${parameters.map(({ name, in: where, required, description, schema }) =>
    fieldOf(name, { ...schema, description: [description, places[where]].filter(Boolean).join(" ") }, required === true, schemas),
  )}</ul>`
}
${body && html`<h4>Body</h4>${fieldsOf(body[1].schema, schemas)}`}
${answers.map(([status, schema]) => html`<h4>Answer ${status}</h4>${fieldsOf(schema, schemas)}`)}
${
  problems.length > 0 &&
  html`<details class="problems"><summary>Problems: ${problems.map(([status]) => status).join(", ")}</summary>
<dl>${problems.map(([status, { description }]) => html`<dt>${status}</dt><dd>${description}</dd>`)}</dl></details>`
}
${(examples as Example[]).filter(({ operationId }) => operationId === entry.operationId).map((example) => exampleOf(example, publicUrl))}
</article>
`;
};

const whereOrder = ["path", "query", "header"];
const places: Record<string, string> = { path: "In the path.", header: "A header." };

const scopeText = (scope: string): string =>
  scope === "admin"
    ? "Needs an admin's key."
    : scope === "write"
      ? "Needs a key with the scope write."
      : "Needs a key with the scope read or write.";

const exampleOf = (example: Example, publicUrl: string): Html => {
  const answer = typeof example.answer === "string" ? example.answer : JSON.stringify(example.answer, null, 2);
  const opening = answer.split("\n").length > 20 ? html`<details>` : html`<details open>`;
  return html`<h4>Example</h4>
<pre tabindex="0">${curlOf(example, publicUrl)}</pre>
${opening}<summary>answers ${example.status}</summary>
<pre tabindex="0">${answer}</pre></details>`;
};

/** An example as a command for a shell. */
const curlOf = ({ method, path, headers = {}, body, file }: Example, publicUrl: string): string => {
  const open = !path.startsWith("/v1/");
  const parts = [
    method === "GET" ? `curl ${quoted(publicUrl + path)}` : `curl -X ${method} ${quoted(publicUrl + path)}`,
    ...(open ? [] : ['-H "Authorization: Bearer $BOUNCELINE_KEY"']),
    ...Object.entries(headers).map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`),
    ...(body === undefined ? [] : ["-H 'Content-Type: application/json'", `-d ${quoted(JSON.stringify(body, null, 2))}`]),
    ...(file === undefined ? [] : ["-H 'Content-Type: message/rfc822'", `--data-binary @${file}`]),
  ];
  return parts.join(" \\\n  ");
};

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
