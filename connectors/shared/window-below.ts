import { createHash } from "node:crypto";
import type { Window } from "./changes-cursor.ts";

type Listed = { id: string; receivedAt: number | null };

const shortHash = (id: string): string => createHash("sha256").update(id).digest("base64url").slice(0, 10);

/** Tells of an id whether it was told when the window's top second was listed before. */
export const told = (window: Window): ((id: string) => boolean) => {
  const names = new Set(window.told);
  return (id) => names.has(shortHash(id));
};

/** What of a window is left below the oldest row listed; the rows of its second are named, and that second is asked for again. */
export const below = (window: Window, rows: readonly Listed[]): Window => {
  const times = rows.flatMap(({ receivedAt }) => receivedAt ?? []);
  const second = Math.floor(Math.min(...times, window.before - 1) / 1000) * 1000;
  const before = Math.min(window.before, second + 1000);
  const names = rows
    .filter(({ receivedAt }) => receivedAt !== null && receivedAt >= second && receivedAt < before)
    .map(({ id }) => shortHash(id));
  return { ...window, before, told: [...new Set(before === window.before ? [...window.told, ...names] : names)] };
};
