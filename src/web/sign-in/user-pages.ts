import type { UserRole } from "../../ports/database.ts";
import { createSignInLink } from "../../store/sign-in.ts";
import { createUser, deleteUser, getUser, listUsers, type User, updateUser } from "../../store/users.ts";
import { type Html, html } from "../page/html.ts";
import { csrfField, notFoundPage, type Pages, type Shown, type SignedInView, type ViewDeps } from "../page/view.ts";
import { isEmail } from "./sign-in-pages.ts";

const roles = ["sales", "support", "owner"] as const satisfies readonly UserRole[];
const asRole = (text: string): UserRole => roles.find((role) => role === text) ?? "sales";

/** Who may sign in: for owners. */
export const userPages = (pages: Pages, deps: ViewDeps): void => {
  const { database, now } = deps;

  /** The list, with a sentence above it: what was done, or why not. */
  const show = async (view: SignedInView, above: Html | null, status = 200): Promise<Shown> =>
    usersPage(view, await listUsers(database.read, view.accountId), above, status);
  const refuse = (view: SignedInView, sentence: string) => show(view, html`<p class="fault" role="alert">${sentence}</p>`, 422);
  const tell = (view: SignedInView, sentence: string) => show(view, html`<p class="done" role="status">${sentence}</p>`);

  const giveLink = async (view: SignedInView, user: User): Promise<Shown> => {
    const secret = await database.transaction((tx) => createSignInLink(tx, view.accountId, now(), user.id));
    const link = `${deps.publicUrl()}/?signin=${secret}`;
    return show(
      view,
      html`<div class="done" role="status"><p>${view.t("users.link", { name: user.name })}</p><p><code class="link">${link}</code></p></div>`,
    );
  };

  pages.get("/users", "owner", (view) => show(view, null));

  pages.post("/users", "owner", async (view) => {
    const [email, name] = [view.field("email").trim(), view.field("name").trim()];
    if (!isEmail(email)) return refuse(view, view.t("users.badEmail"));
    const wish = { email, name: name || email, role: asRole(view.field("role")) };
    const user = await database.transaction((tx) => createUser(tx, view.accountId, wish, now()));
    return user ? giveLink(view, user) : refuse(view, view.t("users.taken"));
  });

  pages.post("/users/:id/link", "owner", async (view) => {
    const user = await getUser(database.read, view.accountId, idOf(view));
    return user ? giveLink(view, user) : notFoundPage(view);
  });

  pages.post("/users/:id/role", "owner", async (view) => {
    if (!(await getUser(database.read, view.accountId, idOf(view)))) return notFoundPage(view);
    const change = { role: asRole(view.field("role")) };
    const changed = await database.transaction((tx) => updateUser(tx, view.accountId, idOf(view), change, now()));
    return changed ? tell(view, `${changed.name}: ${view.t(`role.${changed.role}`)}`) : refuse(view, view.t("users.lastOwner"));
  });

  pages.post("/users/:id/remove", "owner", async (view) => {
    const user = await getUser(database.read, view.accountId, idOf(view));
    if (!user) return notFoundPage(view);
    const gone = await database.transaction((tx) => deleteUser(tx, view.accountId, user.id));
    return gone ? tell(view, view.t("users.removed", { name: user.name })) : refuse(view, view.t("users.lastOwner"));
  });
};

const idOf = (view: SignedInView): string => (view.request.params as { id: string }).id;

const roleField = (view: SignedInView, chosen: UserRole): Html =>
  html`<select name="role" aria-label="${view.t("users.role")}">${roles.map(
    (role) => html`<option value="${role}"${role === chosen && html` selected`}>${view.t(`role.${role}`)}</option>`,
  )}</select>`;

const usersPage = (view: SignedInView, users: readonly User[], above: Html | null, status: number): Shown => ({
  title: view.t("users.title"),
  status,
  content: html`<h1>${view.t("users.title")}</h1>
${above}
${
  users.length > 0 &&
  html`<div class="scroll" tabindex="0"><table>
<thead><tr><th scope="col">${view.t("users.name")}</th><th scope="col">${view.t("users.role")}</th><th scope="col">${view.t("users.lastSignIn")}</th><td></td></tr></thead>
<tbody>${users.map((user) => userRow(view, user))}</tbody>
</table></div>`
}
<h2>${view.t("users.add")}</h2>
<form method="post" action="/users" class="narrow">${csrfField(view)}
<label>${view.t("users.name")}<input name="name" required></label>
<label>${view.t("users.email")}<input name="email" type="email" required></label>
<fieldset><legend>${view.t("users.role")}</legend>
${roles.map(
  (role) =>
    html`<label class="choice"><input type="radio" name="role" value="${role}"${role === "sales" && html` checked`}> <span><b>${view.t(`role.${role}`)}</b> ${view.t(`role.${role}.may`)}</span></label>`,
)}
</fieldset>
<button>${view.t("users.addButton")}</button>
</form>`,
});

const userRow = (view: SignedInView, user: User): Html => html`<tr>
<th scope="row">${user.name}<br><span class="quiet">${user.email}</span></th>
<td><form method="post" action="/users/${user.id}/role" class="inline">${csrfField(view)}${roleField(view, user.role)} <button class="plain">${view.t("users.change")}</button></form></td>
<td>${user.signedInAt === null ? view.t(user.hasPassword ? "users.never" : "users.inviteOpen") : view.time(user.signedInAt)}</td>
<td><form method="post" action="/users/${user.id}/link" class="inline">${csrfField(view)}<button class="plain">${view.t("users.newLink")}</button></form>
<form method="post" action="/users/${user.id}/remove" class="inline">${csrfField(view)}<button class="plain">${view.t("users.remove")}</button></form></td>
</tr>`;
