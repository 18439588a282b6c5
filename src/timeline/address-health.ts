/**
 * Whether mail can go to an address. The effect of a bounce is on the address, not on the engagement: unbouncing leaves the
 * engagement's history as it was. The health is the fold of what happened, in whatever order it was learned.
 */
import type { Category } from "../bounces/report.ts";
import type { Folded } from "./fold.ts";

/**
 * What happened to an address. Times are epoch milliseconds. `version` is the engagement's that says so: its newest word counts.
 * Releases before there were readings of notices left it out.
 */
export type AddressEvent =
  | { kind: "hard"; at: number; engagementId: string; category: Category | null; reason: string | null; version?: number }
  /** The engagement says nothing against the address any more. */
  | { kind: "withdrawn"; at: number; engagementId: string; version?: number }
  | { kind: "unbounced"; at: number; by: string; note: string }
  /** A person wrote from there; an automatic reply is no sign of life. */
  | { kind: "alive"; at: number };

export type AddressHealth = {
  /** For marketing. One-to-one mail stays allowed, with a warning. */
  eligible: boolean;
  /** Why not: the category of the newest hard bounce that stands. */
  reason: Category | null;
  since: number | null;
  engagementId: string | null;
  lastSignOfLife: number | null;
  /** Who made it usable again last. */
  unbounced: { at: number; by: string; note: string } | null;
};

/** Folds what happened to an address; nothing at all leaves it eligible. */
export const foldAddress = (events: readonly AddressEvent[]): AddressHealth => {
  const ofKind = <K extends AddressEvent["kind"]>(kind: K) =>
    events.filter((e): e is Extract<AddressEvent, { kind: K }> => e.kind === kind);
  const newest = <E extends { at: number }>(some: readonly E[]): E | null =>
    some.reduce<E | null>((a, b) => (a && a.at >= b.at ? a : b), null);
  const unbounced = newest(ofKind("unbounced"));
  const alive = newest(ofKind("alive"))?.at ?? null;
  const clearedAt = Math.max(unbounced?.at ?? 0, alive ?? 0);
  const said = [...ofKind("hard"), ...ofKind("withdrawn")];
  const stands = ofKind("hard").filter((hard) => hard.at > clearedAt && !said.some((other) => replaces(other, hard)));
  const decisive = newest(stands);
  return {
    eligible: decisive === null,
    reason: decisive?.category ?? null,
    since: decisive?.at ?? null,
    engagementId: decisive?.engagementId ?? null,
    lastSignOfLife: alive,
    unbounced: unbounced && { at: unbounced.at, by: unbounced.by, note: unbounced.note },
  };
};

type Said = Extract<AddressEvent, { engagementId: string }>;

const replaces = (other: Said, hard: Said): boolean => {
  if (other.engagementId !== hard.engagementId) return false;
  const [later, version] = [other.version ?? 0, hard.version ?? 0];
  return later > version || (later === version && other.kind === "withdrawn" && other.at >= hard.at);
};

/**
 * What an engagement does to its address. Behind an alias or a forward the address that was written to is not the one that failed;
 * and what could be forged changes nothing until a person confirms it or a second notice says the same.
 */
export const addressEffect = ({ state, facts, trusted }: Pick<Folded, "state" | "facts" | "trusted">): "made_ineligible" | "none" =>
  state === "hard" && trusted && (facts?.relation ?? "same") === "same" ? "made_ineligible" : "none";
