import { monotonicFactory } from "ulid";

/** What an id begins with (surfaces.md). */
export type IdPrefix =
  | "acc"
  | "aud"
  | "con"
  | "eng"
  | "ers"
  | "evt"
  | "gap"
  | "inb"
  | "key"
  | "lnk"
  | "msg"
  | "ntc"
  | "req"
  | "snd"
  | "usr"
  | "whk";

const next = monotonicFactory();

/**
 * A new id: a prefix and a ULID of `now` (epoch milliseconds), such as `eng_01KAXR3W5V8Q2M7T9ZC4B6N1PD`. Within a process ids
 * sort in the order they were made, also when the clock stands still or goes back.
 */
export const newId = (prefix: IdPrefix, now: number): string => `${prefix}_${next(now)}`;
