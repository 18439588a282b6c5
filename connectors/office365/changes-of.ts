import type { ConnectedInbox } from "../../src/ports/connector.ts";
import type { ChangesSource } from "../shared/pull-changes.ts";
import { findFolder, missingFolder, roleOf, wantedFolders } from "./find-folder.ts";
import { beforeExhaustion, nextChanges } from "./follow-changes.ts";
import type { Graph } from "./graph.ts";
import { isFailing, isMissing, isPositionLost, keepsForgetting } from "./graph-error.ts";
import { countWindow, listWindow } from "./list-window.ts";
import type { MessageRow } from "./message-row.ts";
import { createRowReader } from "./read-rows.ts";
import { readSettings } from "./settings.ts";

/** A mailbox in Microsoft 365 as something whose changes can be followed. */
export const changesOf = (graph: Graph, inbox: ConnectedInbox): ChangesSource<MessageRow> => {
  const rows = createRowReader(graph);
  return {
    now: graph.now,
    wanted: wantedFolders(readSettings(inbox)),
    roleOf,
    findFolder: (wanted) => findFolder(graph, wanted),
    missingFolder,
    nextChanges: (state) => nextChanges(graph, state),
    listWindow: (state, window) => listWindow(graph, state, window),
    countWindow: (state, window) => countWindow(graph, state, window),
    read: async (page, folder) => ({ messages: await rows.read(page, folder), unread: [] }),
    beforeExhaustion,
    isMissing,
    isPositionLost,
    isFailing,
    keepsForgetting,
    forgotten: (path) => `Microsoft had forgotten what we had read of "${path}"; its mail of that time was listed again.`,
  };
};
