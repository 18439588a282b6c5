import { CrmError } from "../../ports/crm.ts";

type Answer = { status: number; body: string; headers: Readonly<Record<string, string>> };

/** A refusal that the caller may know what to do with. Of the body it keeps nothing: it can quote a contact. */
export class HubspotRefused extends CrmError {
  override name = "HubspotRefused";
  readonly status: number;
  constructor(kind: CrmError["kind"], answer: Answer, retryAfterMs: number | null = null) {
    super(kind, `HubSpot answered ${answer.status}${categoryOf(answer)}`, retryAfterMs);
    this.status = answer.status;
  }
}

/** Calls HubSpot through its client. Throws CrmError; `onTimeout` is to end the request that is under way. */
export const callHubspot = async <T>(call: () => Promise<T>, timeoutMs: number, onTimeout: () => void): Promise<T> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new CrmError("unavailable", `HubSpot did not answer within ${timeoutMs / 1000} s`));
      onTimeout();
    }, timeoutMs);
  });
  try {
    return await Promise.race([call(), late]);
  } catch (error) {
    throw toCrmError(error);
  } finally {
    clearTimeout(timer);
  }
};

/** True for a refusal with this status. */
export const isRefused = (error: unknown, ...statuses: number[]): error is HubspotRefused =>
  error instanceof HubspotRefused && statuses.includes(error.status);

/** The client's errors quote the request's body and headers in their message: nothing of it is passed on. */
const toCrmError = (error: unknown): CrmError => {
  if (error instanceof CrmError) return error;
  const { code, body, headers } = error as { code?: unknown; body?: unknown; headers?: Record<string, string> };
  if (typeof code !== "number")
    return new CrmError("unavailable", `HubSpot could not be reached${typeof code === "string" ? ` (${code})` : ""}`);
  const answer = { status: code, body: typeof body === "string" ? body : (JSON.stringify(body) ?? ""), headers: headers ?? {} };
  if (code === 429) return new HubspotRefused("rate_limited", answer, waitOf(answer));
  if (code === 401 || code === 403) return new HubspotRefused("auth", answer);
  return new HubspotRefused(code >= 500 || code === 408 || code === 423 ? "unavailable" : "rejected", answer, retryAfter(answer));
};

const second = 1_000;
const hour = 3_600 * second;

/**
 * How long a 429 asks to wait. A daily limit ends at midnight in the portal's time zone, which nobody tells us: it is tried hourly.
 * https://developers.hubspot.com/docs/developer-tooling/platform/usage-guidelines, "Error limits", "Rate limits"
 */
const waitOf = (answer: Answer): number => {
  if (retryAfter(answer) !== null) return retryAfter(answer) ?? 0;
  if (/"policyName"\s*:\s*"DAILY"/.test(answer.body)) return hour;
  return Number(headerOf(answer, "x-hubspot-ratelimit-interval-milliseconds")) || 10 * second;
};

/** RFC 9110, 10.2.3: seconds. */
const retryAfter = (answer: Answer): number | null => {
  const value = headerOf(answer, "retry-after");
  return /^\d{1,6}$/.test(value) ? Number(value) * second : null;
};

const headerOf = ({ headers }: Answer, name: string): string =>
  Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1] ?? "";

/** HubSpot's own word for what went wrong, such as MISSING_SCOPES: the only part of a body that is no value. */
const categoryOf = ({ body }: Answer): string => {
  const [, category] = /"category"\s*:\s*"([A-Z_]{1,60})"/.exec(body) ?? [];
  return category === undefined ? "" : ` (${category})`;
};
