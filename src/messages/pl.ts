import { core } from "./pl/core.ts";
import { coverage } from "./pl/coverage.ts";
import { people } from "./pl/people.ts";
import { why } from "./pl/why.ts";
import type { TextKey } from "./text.ts";

/** Every sentence for people, in Polish. */
export const pl: Record<TextKey, string> = { ...core, ...people, ...why, ...coverage };
