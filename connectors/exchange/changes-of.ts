import type { ConnectedInbox } from "../../src/ports/connector.ts";
import type { ChangesSource } from "../shared/pull-changes.ts";
import type { Ews } from "./ews.ts";
import { exchangeError, isFailing, isMissing, isPositionLost } from "./exchange-error.ts";
import { createFolderFinder, missingFolder, roleOf, wantedFolders } from "./find-folder.ts";
import { countWindow, type ItemRow, listWindow, nextChanges } from "./follow-changes.ts";
import { readItems } from "./read-items.ts";
import { readSettings } from "./settings.ts";

/** A mailbox on an Exchange server as something whose changes can be followed. */
export const changesOf = (ews: Ews, inbox: ConnectedInbox): ChangesSource<ItemRow> => ({
  now: ews.now,
  wanted: wantedFolders(readSettings(inbox).extraFolders),
  roleOf,
  findFolder: createFolderFinder(ews),
  missingFolder,
  nextChanges: (state) => nextChanges(ews, state),
  listWindow: (state, window) => listWindow(ews, state, window),
  countWindow: (state, window) => countWindow(ews, state, window),
  read: (rows, folder) => readItems(ews, rows, folder),
  beforeExhaustion: () => null,
  isMissing,
  isPositionLost,
  isFailing,
  keepsForgetting: () =>
    exchangeError({ host: ews.host, status: 500, code: "", words: "it keeps forgetting what was read", retryAfterMs: null }),
  forgotten: (path) => `${ews.host} had forgotten what we had read of "${path}"; its mail of that time was listed again.`,
});
