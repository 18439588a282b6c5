import type { FastifyReply, FastifyRequest } from "fastify";

/** A cookie of ours, or null. Anything that is not base64url was not set by us. */
export const readCookie = (request: FastifyRequest, name: string): string | null => {
  for (const pair of (request.headers.cookie ?? "").split(";")) {
    const [key, value] = pair.trim().split("=", 2);
    if (key === name && value !== undefined && /^[\w-]{1,200}$/.test(value)) return value;
  }
  return null;
};

/** Sets a cookie no script can read. SameSite=Lax: it comes along when the provider sends the browser back. */
export const setCookie = (
  reply: FastifyReply,
  name: string,
  value: string,
  options: { path?: string; seconds: number; secure: boolean },
): void => {
  const secure = options.secure ? "; Secure" : "";
  reply.header("set-cookie", `${name}=${value}; Path=${options.path ?? "/"}; HttpOnly; SameSite=Lax; Max-Age=${options.seconds}${secure}`);
};
