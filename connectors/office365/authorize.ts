import type { ConnectedInbox } from "../../src/ports/connector.ts";
import { authorizeAtMicrosoft } from "../shared/microsoft/authorize-at-microsoft.ts";
import { openGraph } from "./graph.ts";
import { ownAddresses } from "./own-addresses.ts";
import { app, readApp, scopesFor } from "./settings.ts";

const inbox: ConnectedInbox = { id: "new", address: "", settings: {}, since: 0 };

/** Signing in at Microsoft. Whose mailbox it is, Graph tells: a sign-in name need be no address. */
export const authorize = authorizeAtMicrosoft({
  app,
  readApp,
  scopes: scopesFor,
  needed: ({ sharedMailboxes }) => ["Mail.Read", ...(sharedMailboxes ? ["Mail.Read.Shared"] : [])],
  whose: async (_person, tools) => (await ownAddresses(openGraph(inbox, tools), inbox)).address,
});
