import type { Tools } from "../../../src/ports/connector.ts";
import { abortable } from "../abortable.ts";
import { readTokens, type Tokens } from "./microsoft-app.ts";

/** A token is renewed this long before it ends, in milliseconds. */
const early = 5 * 60_000;

/** The access tokens of one session. */
export type AccessTokens = {
  get(): Promise<string>;
  /** A token other than `used`, which the provider refused. */
  replace(used: string): Promise<string>;
};

/**
 * Reads the stored token, and renews it only under the inbox's lock: whoever comes second finds the first one's token, and what
 * Microsoft rotated is stored before it is used. `renew`: new ones from what is stored.
 */
export const openTokens = (tools: Tools, renew: (stored: Tokens) => Promise<Tokens>): AccessTokens => {
  let held: Tokens | null = null;
  let renewing: Promise<string> | null = null;
  const fresh = ({ accessToken, expiresAt }: Tokens): boolean => accessToken !== "" && expiresAt - early > tools.now();

  const renewUnless = async (good: (stored: Tokens) => boolean): Promise<string> => {
    const work = tools.credentials.refresh(async (stored) => {
      const current = readTokens(stored);
      return good(current) ? current : renew(current);
    });
    held = readTokens(await abortable(work, tools.signal));
    return held.accessToken;
  };

  /** Requests that run at once and meet the same refusal share one renewal. */
  const shared = (good: (stored: Tokens) => boolean): Promise<string> => {
    renewing ??= renewUnless(good).finally(() => {
      renewing = null;
    });
    return renewing;
  };

  return {
    async get() {
      held ??= readTokens(await abortable(tools.credentials.read(), tools.signal));
      return fresh(held) ? held.accessToken : shared(fresh);
    },
    replace: (used) => shared((stored) => stored.accessToken !== used && fresh(stored)),
  };
};
