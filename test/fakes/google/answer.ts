/** What the stand-in answers, in the shapes Google's documentation gives ("Resolve errors"; AIP-193). */
export type Answer = { status: number; body: unknown; headers?: Record<string, string> };

export const ok = (body: unknown): Answer => ({ status: 200, body });

const names: { readonly [status: number]: string } = {
  400: "INVALID_ARGUMENT",
  401: "UNAUTHENTICATED",
  403: "PERMISSION_DENIED",
  404: "NOT_FOUND",
  429: "RESOURCE_EXHAUSTED",
  500: "INTERNAL",
  503: "UNAVAILABLE",
};

/** An error of the API. `reason` is the old-style reason that Gmail still gives beside the status. */
export const failure = (code: number, reason: string, message: string, headers: Record<string, string> = {}): Answer => ({
  status: code,
  headers,
  body: { error: { code, message, errors: [{ message, domain: code === 403 ? "usageLimits" : "global", reason }], status: names[code] } },
});

export const notFound = (): Answer => failure(404, "notFound", "Requested entity was not found.");

export const badToken = (): Answer =>
  failure(
    401,
    "authError",
    "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential.",
    { "www-authenticate": 'Bearer realm="https://accounts.google.com/", error="invalid_token"' },
  );

export const insufficientScope = (method: string): Answer => {
  const message = "Request had insufficient authentication scopes.";
  return {
    status: 403,
    headers: { "www-authenticate": 'Bearer realm="https://accounts.google.com/", error="insufficient_scope"' },
    body: {
      error: {
        code: 403,
        message,
        errors: [{ message: "Insufficient Permission", domain: "global", reason: "insufficientPermissions" }],
        status: "PERMISSION_DENIED",
        details: [
          {
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            reason: "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
            domain: "googleapis.com",
            metadata: { service: "gmail.googleapis.com", method },
          },
        ],
      },
    },
  };
};

/** An error of the token endpoint (RFC 6749, 5.2). */
export const grantError = (error: string, description: string, status = 400): Answer => ({
  status,
  body: { error, error_description: description },
});
