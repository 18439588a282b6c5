import type { Graph } from "./graph.ts";
import { isMissing } from "./graph-error.ts";

/**
 * A message as MIME ("Get MIME content of a message"). Exchange makes it anew from what it stores, so that it is not byte for byte
 * what came in. Never through its folder: /mailFolders/{id}/messages/{id}/$value answers 405.
 */
export const fetchRaw = async (graph: Graph, ref: string, maxBytes: number): Promise<Uint8Array | "gone"> => {
  try {
    return await graph.getBytes({ at: `/messages/${encodeURIComponent(ref)}/$value` }, maxBytes);
  } catch (error) {
    if (isMissing(error)) return "gone";
    throw error;
  }
};
