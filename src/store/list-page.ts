import { z } from "zod";
import { StoreError } from "./errors.ts";

/** A stretch of a list, and where the next one begins; null at the end. */
export type ListPage<T> = { data: T[]; nextCursor: string | null };

/** What every list takes. `limit` is 50 by default and 200 at most. */
export type ListOptions = { limit?: number | undefined; cursor?: string | null | undefined };

/** Where a page ends: the value it is sorted by and the id that tells equal values apart. */
export type Position = [value: number | string, id: string];

const positionShape = z.tuple([z.union([z.number(), z.string()]), z.string()]);

export const pageLimit = (options: ListOptions): number => Math.min(Math.max(Math.trunc(options.limit ?? 50), 1), 200);

/** The position a cursor stands for, or null for the beginning. Throws StoreError `bad_cursor`. */
export const readPosition = (options: ListOptions): Position | null => {
  if (options.cursor == null) return null;
  try {
    return positionShape.parse(JSON.parse(Buffer.from(options.cursor, "base64url").toString("utf8")));
  } catch (cause) {
    throw new StoreError("bad_cursor", "The cursor is not one of ours; begin again without it.", { cause });
  }
};

/** Makes a page of rows that were asked for with one more than the limit. */
export const listPage = <Row, T>(
  rows: readonly Row[],
  options: ListOptions,
  position: (row: Row) => Position,
  toObject: (row: Row) => T,
): ListPage<T> => {
  const limit = pageLimit(options);
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const more = rows.length > limit && last !== undefined;
  return {
    data: shown.map(toObject),
    nextCursor: more ? Buffer.from(JSON.stringify(position(last))).toString("base64url") : null,
  };
};
