import type { gaxios } from "google-auth-library";
import { ConnectorError, type Tools } from "../../../src/ports/connector.ts";

/** After so long without an answer Google counts as not answering (milliseconds). */
export const timeoutMs = 30_000;

type Adapter = NonNullable<gaxios.GaxiosOptions["adapter"]>;

/**
 * A proxy's page, or JSON that was cut short, comes as text: taken for an answer it would be an empty mailbox. Of a revocation
 * only the status counts, and 204 says that there is nothing more.
 */
const isAnswer = (url: URL, { status, data }: { status: number; data: unknown }): boolean =>
  status >= 300 || status === 204 || url.pathname === "/revoke" || (typeof data === "object" && data !== null);

/**
 * How every request to Google is sent, the sign-in's included: once. gaxios would send it up to four times within two seconds
 * and not look at Retry-After; the auth library asks it to, whatever its defaults say. With a gateway the request goes there.
 * What Google answers is recorded where that was asked for.
 */
export const sendOnce =
  (gateway: string | undefined, record?: Tools["record"]): Adapter =>
  async (options, send) => {
    options.retry = false;
    delete options.retryConfig;
    const url = options.url.href;
    if (gateway !== undefined) options.url = new URL(options.url.pathname + options.url.search, gateway);
    const response = await send(options);
    const { status, data: body, headers } = response;
    record?.({ method: options.method ?? "GET", url, status, headers: [...headers.keys()], body });
    if (isAnswer(options.url, response)) return response;
    throw new ConnectorError("unavailable", "What was answered in Google's name is no answer of Google's. The next look tries again.");
  };
