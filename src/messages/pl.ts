import { contacts } from "./pl/contacts.ts";
import { core } from "./pl/core.ts";
import { coverage } from "./pl/coverage.ts";
import { inboxes } from "./pl/inboxes.ts";
import { mail } from "./pl/mail.ts";
import { notices } from "./pl/notices.ts";
import { people } from "./pl/people.ts";
import { sends } from "./pl/sends.ts";
import { support } from "./pl/support.ts";
import { why } from "./pl/why.ts";
import type { TextKey } from "./text.ts";

/** Every sentence for people, in Polish. */
export const pl: Record<TextKey, string> = {
  ...core,
  ...contacts,
  ...coverage,
  ...inboxes,
  ...mail,
  ...notices,
  ...people,
  ...sends,
  ...support,
  ...why,
};
