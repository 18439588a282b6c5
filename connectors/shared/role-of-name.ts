import type { FolderRole } from "../../src/bounces/envelope.ts";

/**
 * Names of folders in the languages whose mail programs translate them, compared without case, accents kept. Only for
 * stores that cannot say themselves what a folder is for.
 */
const names: { readonly [role in "sent" | "inbox" | "junk" | "all" | "drafts"]: readonly string[] } = {
  sent: [
    "sent",
    "sent mail",
    "sent items",
    "sent messages",
    "wysłane",
    "elementy wysłane",
    "gesendet",
    "gesendete objekte",
    "gesendete elemente",
    "envoyés",
    "éléments envoyés",
    "messages envoyés",
    "enviados",
    "elementos enviados",
    "itens enviados",
    "inviata",
    "posta inviata",
    "verzonden",
    "verzonden items",
    "skickat",
    "sendt",
    "odeslaná pošta",
    "odeslané",
    "отправленные",
    "надіслані",
    "已发送",
    "送信済み",
  ],
  inbox: [
    "inbox",
    "odebrane",
    "skrzynka odbiorcza",
    "posteingang",
    "boîte de réception",
    "bandeja de entrada",
    "posta in arrivo",
    "входящие",
  ],
  junk: [
    "junk",
    "spam",
    "junk e-mail",
    "junk email",
    "bulk mail",
    "niechciane",
    "wiadomości-śmieci",
    "spam-verdacht",
    "indésirables",
    "correo no deseado",
    "ongewenst",
  ],
  all: ["all mail", "archive", "wszystkie", "all mail including spam and trash"],
  drafts: [
    "drafts",
    "draft",
    "templates",
    "outbox",
    "unsent messages",
    "wersje robocze",
    "szkice",
    "entwürfe",
    "brouillons",
    "borradores",
    "bozze",
    "concepten",
  ],
};

const roles = new Map<string, FolderRole | "drafts">(
  Object.entries(names).flatMap(([role, list]) => list.map((name) => [name, role as FolderRole | "drafts"] as const)),
);

/** What a folder is for by the last part of its path; "drafts" for folders whose messages were never sent; null if the name says nothing. */
export const roleOfName = (path: string): FolderRole | "drafts" | null => {
  const last = path.split(/[/\\]/).at(-1) ?? path;
  return (
    roles.get(last.normalize("NFC").toLowerCase().trim()) ??
    roles.get((last.split(".").at(-1) ?? "").normalize("NFC").toLowerCase()) ??
    null
  );
};
