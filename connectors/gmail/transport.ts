import type { gaxios } from "google-auth-library";

/** After so long without an answer Google counts as not answering (milliseconds). */
export const timeoutMs = 30_000;

/**
 * How every request to Google is sent, the sign-in's included: once. gaxios would send it up to four times within two seconds
 * and not look at Retry-After; the auth library asks it to, whatever its defaults say. With a gateway the request goes there.
 */
export const sendOnce =
  (gateway: string | undefined): NonNullable<gaxios.GaxiosOptions["adapter"]> =>
  (options, send) => {
    options.retry = false;
    delete options.retryConfig;
    if (gateway !== undefined) options.url = new URL(options.url.pathname + options.url.search, gateway);
    return send(options);
  };
