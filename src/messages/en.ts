import { core } from "./en/core.ts";
import { coverage } from "./en/coverage.ts";
import { people } from "./en/people.ts";
import { why } from "./en/why.ts";

/** Every sentence for people, in English. Keys are shared by all languages; {names} are filled in by text(). */
export const en = { ...core, ...people, ...why, ...coverage } as const;
