/** Short letters, and what tests ask of the pages that tell of them. */
import type { Cursor, Page } from "../../src/ports/connector.ts";

/** A letter by its number or name. `more`: further header lines. */
export const letter = (n: number | string, more = ""): string =>
  `Message-ID: <${n}@sales.example>\r\nFrom: Anna <anna@sales.example>\r\nTo: jan@customer.example\r\nSubject: Offer ${n}\r\n${more}\r\nText ${n}\r\n`;

/** The Message-IDs of letters. */
export const named = (...names: (number | string)[]): string[] => names.map((name) => `<${name}@sales.example>`);

/** The Message-IDs of all pages, in order. */
export const idsOf = (pages: readonly Page[]): string[] =>
  pages.flatMap(({ messages }) => messages.map(({ headers }) => headers.get("message-id")?.[0] ?? ""));

export const lastCursor = (pages: readonly Page[]): Cursor => pages.at(-1)?.cursor ?? null;

/** What a promise is rejected with. */
export const failureOf = async (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => null,
    (error: unknown) => error,
  );
