import type { INetworkModule, NetworkRequestOptions, NetworkResponse } from "@azure/msal-node";
import { waitAsked } from "../wait-asked.ts";

/** Long enough for a slow sign-in service, short enough not to hold the inbox's lock for long. Milliseconds. */
const timeout = 20_000;

/** What the sign-in service last answered; status 0 where there was no answer at all. */
export type LastAnswer = { status: number; retryAfterMs: number | null };

/**
 * The way msal-node reaches the sign-in service: abortable, with a time limit, never following a redirect. Of each answer status
 * and Retry-After are kept, because msal-node's errors tell "revoked" and "busy" apart only by words.
 */
export const createNetwork = (signal: AbortSignal, now: () => number): { client: INetworkModule; last(): LastAnswer } => {
  let last: LastAnswer = { status: 0, retryAfterMs: null };

  const send = async <T>(url: string, method: string, options?: NetworkRequestOptions): Promise<NetworkResponse<T>> => {
    last = { status: 0, retryAfterMs: null };
    const response = await fetch(url, {
      method,
      redirect: "error",
      headers: options?.headers ?? {},
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeout)]),
      ...(options?.body === undefined ? {} : { body: options.body }),
    });
    last = { status: response.status, retryAfterMs: waitAsked({ header: response.headers.get("retry-after"), text: "" }, now()) };
    const body = (await response.json().catch(() => ({}))) as T;
    return { status: response.status, headers: Object.fromEntries(response.headers), body };
  };

  return {
    client: {
      sendGetRequestAsync: (url, options) => send(url, "GET", options),
      sendPostRequestAsync: (url, options) => send(url, "POST", options),
    },
    last: () => last,
  };
};
