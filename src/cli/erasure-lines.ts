import type { Erasure, RowCounts } from "../store/erasures.ts";

const list = (counts: RowCounts): string =>
  Object.entries(counts)
    .map(([table, rows]) => `${rows} ${table.replaceAll("_", " ")}`)
    .join(", ") || "nothing";

/** A receipt in lines for people. */
export const erasureLines = (erasure: Erasure): string[] => [
  `${erasure.id}  ${erasure.kind} ${erasure.subjectId} erased`,
  `  removed: ${list(erasure.removed)}`,
  `  taken out of: ${list(erasure.changed)}`,
  `  searched for afterwards: ${list(erasure.leftBehind ?? {})} found`,
];
