import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { addressKey } from "../../bounces/keys.ts";
import { type Language, pickLanguage, type TextKey, text, timeText } from "../../messages/text.ts";
import type { Database, Read, UserRole } from "../../ports/database.ts";
import type { AuditLog } from "../../store/audit-log.ts";
import { addressHash, type Keys } from "../../store/secrets.ts";
import { readSession, type Session } from "../../store/sign-in.ts";
import { listUsers, type User } from "../../store/users.ts";
import { readCookie, setCookie } from "./cookies.ts";
import { type Html, html } from "./html.ts";
import { layout } from "./layout.ts";
import { sendPage } from "./send-page.ts";

/** Who looks at a page, and how they read. */
export type View = {
  request: FastifyRequest;
  reply: FastifyReply;
  /** Null on pages that need nobody signed in. */
  session: Session | null;
  language: Language;
  /** IANA name. */
  timeZone: string;
  now: number;
  /** True for who came by the operator's link where nobody has made themselves the owner yet. */
  maySetUp: boolean;
  /** What every form of a signed-in person carries, as the field `csrf`. */
  csrf: string;
  t: (key: TextKey, values?: Readonly<Record<string, string | number>>) => string;
  time: (at: number) => string;
  number: (n: number) => string;
  /** A field of the query or of a form that was sent; "" when it is not there. */
  field: (name: string) => string;
};

/** The view of somebody who is signed in. */
export type SignedInView = View & { session: Session; accountId: string; role: UserRole; user: User | null };

/** What a page shows. `language`: where it is not the reader's; `live`: with something that moves (htmx); `wide`: with room for tables; `bare`: in English only, and for everybody. */
export type Shown = { title: string; content: Html; status?: number; language?: Language; live?: boolean; wide?: boolean; bare?: boolean };

/** Where a form sends the browser next. */
export type Redirect = { redirect: string };

/** A part of a page, for htmx to put in its place; who opens it by hand is led to the page it is of. */
export type Fragment = { fragment: Html; of: string };

/** A file to keep: whole, or sent piece by piece as it is read. */
export type Download = { download: { name: string; type: string; content: Uint8Array | AsyncIterable<string> } };

type Answer = Shown | Redirect | Fragment | Download;

const rank: Record<UserRole, number> = { sales: 0, support: 1, owner: 2 };

export const sessionCookie = "bounceline_session";

export type ViewDeps = { database: Database; keys: Keys; now: () => number; publicUrl: () => string; audit: AuditLog };

/** How pages are added: each says who may see it. */
export type Pages = {
  /** For everybody. */
  open(method: "GET" | "POST", path: string, handler: (view: View) => Promise<Answer>): void;
  /**
   * For who is signed in with at least this role. Reads and changes are written into the audit log; not so what a page asks for again and
   * again of itself (`quiet`).
   */
  get(path: string, role: UserRole, handler: (view: SignedInView) => Promise<Answer>, options?: { quiet: boolean }): void;
  post(path: string, role: UserRole, handler: (view: SignedInView) => Promise<Answer>): void;
};

const csrfOf = (secret: string): string => createHash("sha256").update(`csrf ${secret}`).digest("base64url");

/** A form another site made a browser send (browsers say so: Fetch Metadata; older ones send Origin). */
const isForeign = (request: FastifyRequest, publicUrl: string): boolean => {
  const { "sec-fetch-site": site, origin } = request.headers;
  if (site !== undefined) return site !== "same-origin" && site !== "none";
  return origin !== undefined && origin !== new URL(publicUrl).origin;
};

const zoneOf = (request: FastifyRequest, user: User | null): string => {
  const named = user?.timeZone ?? readCookie(request, "bounceline_zone")?.replaceAll("--", "/") ?? "UTC";
  try {
    return new Intl.DateTimeFormat("en", { timeZone: named }).resolvedOptions().timeZone;
  } catch {
    return "UTC";
  }
};

const hasOwner = async (read: Read, accountId: string): Promise<boolean> =>
  (await listUsers(read, accountId)).some(({ role, hasPassword }) => role === "owner" && hasPassword);

/** The view in a language. */
export const speaking = <V extends Omit<View, "language" | "t" | "time" | "number">>(view: V, language: Language) => {
  const numbers = new Intl.NumberFormat(language === "pl" ? "pl-PL" : "en-GB");
  return {
    ...view,
    language,
    t: (key: TextKey, values?: Readonly<Record<string, string | number>>) => text(language, key, values),
    time: (at: number) => timeText(language, at, view.timeZone),
    number: (n: number) => numbers.format(n),
  };
};

/** Adds pages to a server. */
export const createPages = (server: FastifyInstance, deps: ViewDeps): Pages => {
  const secure = (): boolean => deps.publicUrl().startsWith("https:");

  const viewOf = async (request: FastifyRequest, reply: FastifyReply): Promise<View> => {
    const secret = readCookie(request, sessionCookie);
    const session = secret === null ? null : await readSession(deps.database.read, secret, deps.now());
    const fields = { ...(request.query as object), ...(request.body as object | null) } as { [name: string]: unknown };
    const field = (name: string): string => (typeof fields[name] === "string" ? (fields[name] as string) : "");
    const asked = (request.query as { language?: unknown }).language;
    const chosen = typeof asked === "string" ? asked : undefined;
    const remembered = readCookie(request, "bounceline_language") ?? session?.user?.language ?? undefined;
    const language = pickLanguage(chosen, remembered, request.headers["accept-language"]);
    if (chosen !== undefined && request.method === "GET")
      setCookie(reply, "bounceline_language", language, { seconds: 31_536_000, secure: secure() });
    const timeZone = zoneOf(request, session?.user ?? null);
    const csrf = secret === null ? "" : csrfOf(secret);
    const maySetUp = session?.user === null && !(await hasOwner(deps.database.read, session.accountId));
    return speaking({ request, reply, session, maySetUp, timeZone, now: deps.now(), csrf, field }, language);
  };

  const answer = (view: View, given: Answer): FastifyReply => {
    if ("redirect" in given) return view.reply.redirect(given.redirect, 303);
    if ("fragment" in given && view.request.headers["hx-request"] !== "true") return view.reply.redirect(given.of, 303);
    if ("fragment" in given) return sendPage(view.reply, given.fragment.markup);
    if ("download" in given) {
      const { name, type, content } = given.download;
      const body = content instanceof Uint8Array ? Buffer.from(content) : Readable.from(content);
      return view.reply.type(type).header("content-disposition", `attachment; filename="${name}"`).send(body);
    }
    const spoken = given.language === undefined ? view : speaking(view, given.language);
    return sendPage(view.reply.code(given.status ?? 200), layout(spoken, given));
  };

  const signedIn = (view: View): SignedInView | null =>
    view.session && {
      ...view,
      session: view.session,
      accountId: view.session.accountId,
      user: view.session.user,
      role: view.session.user?.role ?? "owner",
    };

  const note = (view: SignedInView, change: boolean): Promise<void> | void => {
    const { id, address } = view.request.params as { id?: string; address?: string };
    const entry = {
      accountId: view.accountId,
      by: `session:${view.user?.id ?? "operator"}`,
      action: `${view.request.method} ${view.request.routeOptions.url ?? ""}`,
      subject: id ?? (address === undefined ? null : addressHash(deps.keys, addressKey(address))),
      at: deps.now(),
    };
    return change ? deps.audit.change(entry) : deps.audit.read(entry);
  };

  const guarded = (
    method: "GET" | "POST",
    path: string,
    role: UserRole,
    handler: (view: SignedInView) => Promise<Answer>,
    { quiet } = { quiet: false },
  ): void => {
    server.route({
      method,
      url: path,
      handler: async (request, reply) => {
        const bare = await viewOf(request, reply);
        const view = signedIn(bare);
        if (!view)
          return answer(bare, method === "GET" ? { redirect: `/signin?next=${encodeURIComponent(request.url)}` } : refused(bare, 401));
        if (rank[view.role] < rank[role]) return answer(view, refused(view, 403));
        if (method === "POST" && (isForeign(request, deps.publicUrl()) || view.field("csrf") !== view.csrf))
          return answer(view, message(403, view.t("signIn.stale")));
        if (method === "POST") await note(view, true);
        const given = await handler(view);
        // What is refused or not there was not read.
        const shown = !("status" in given) || (given.status ?? 200) < 400;
        if (method === "GET" && !quiet && shown) await note(view, false);
        return answer(view, given);
      },
    });
  };

  return {
    open(method, path, handler) {
      server.route({
        method,
        url: path,
        handler: async (request, reply) => {
          const view = await viewOf(request, reply);
          if (method === "POST" && isForeign(request, deps.publicUrl())) return answer(view, message(403, view.t("signIn.stale")));
          return answer(view, await handler(view));
        },
      });
    },
    get: (path, role, handler, options) => guarded("GET", path, role, handler, options),
    post: (path, role, handler) => guarded("POST", path, role, handler),
  };
};

/** A page that says one thing. */
export const message = (status: number, sentence: string): Shown => ({
  title: "Bounceline",
  content: html`<h1>Bounceline</h1><p role="status">${sentence}</p>`,
  status,
});

const refused = (view: View, status: 401 | 403): Shown => message(status, view.t(status === 401 ? "signIn.needed" : "signIn.forbidden"));

/** What is not there, and what is not theirs: the same answer. */
export const notFoundPage = (view: View): Shown => message(404, view.t("signIn.notFound"));

/** The hidden field of a form of a signed-in person. */
export const csrfField = ({ csrf }: View): Html => html`<input type="hidden" name="csrf" value="${csrf}">`;
