import { core } from "./en/core.ts";
import { inboxes } from "./en/inboxes.ts";
import { people } from "./en/people.ts";

/** Every sentence for people, in English. Keys are shared by all languages; {names} are filled in by text(). */
export const en = { ...core, ...people, ...inboxes } as const;
