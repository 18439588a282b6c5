import { authorizeAtGoogle } from "../shared/google/authorize-at-google.ts";
import { personAccess } from "../shared/google/tokens.ts";
import { openApi } from "./api.ts";
import { app } from "./settings.ts";

/** Reads mail and send-as addresses, and changes nothing. Never beside gmail.metadata, which would forbid search and bodies. */
export const scope = "https://www.googleapis.com/auth/gmail.readonly";

/** Signing in at Google. Who granted a wider scope at another time has granted this. */
export const authorize = authorizeAtGoogle({
  app,
  scopes: [scope],
  sufficient: [scope, "https://www.googleapis.com/auth/gmail.modify", "https://mail.google.com/"],
  whose: async (_tokens, tools) => (await openApi("new", tools, personAccess(tools)).profile()).address,
});
