import { core } from "./pl/core.ts";
import { inboxes } from "./pl/inboxes.ts";
import { people } from "./pl/people.ts";
import type { TextKey } from "./text.ts";

/** Every sentence for people, in Polish. */
export const pl: Record<TextKey, string> = { ...core, ...people, ...inboxes };
