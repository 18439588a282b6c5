import { core } from "./pl/core.ts";
import { notices } from "./pl/notices.ts";
import { people } from "./pl/people.ts";
import { support } from "./pl/support.ts";
import type { TextKey } from "./text.ts";

/** Every sentence for people, in Polish. */
export const pl: Record<TextKey, string> = { ...core, ...people, ...support, ...notices };
