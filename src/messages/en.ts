import { contacts } from "./en/contacts.ts";
import { core } from "./en/core.ts";
import { coverage } from "./en/coverage.ts";
import { inboxes } from "./en/inboxes.ts";
import { mail } from "./en/mail.ts";
import { notices } from "./en/notices.ts";
import { people } from "./en/people.ts";
import { sends } from "./en/sends.ts";
import { support } from "./en/support.ts";
import { why } from "./en/why.ts";

/** Every sentence for people, in English. Keys are shared by all languages; {names} are filled in by text(). */
export const en = { ...core, ...contacts, ...coverage, ...inboxes, ...mail, ...notices, ...people, ...sends, ...support, ...why } as const;
