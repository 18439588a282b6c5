import { core } from "./en/core.ts";
import { notices } from "./en/notices.ts";
import { people } from "./en/people.ts";
import { support } from "./en/support.ts";

/** Every sentence for people, in English. Keys are shared by all languages; {names} are filled in by text(). */
export const en = { ...core, ...people, ...support, ...notices } as const;
