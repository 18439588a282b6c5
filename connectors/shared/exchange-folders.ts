import * as z from "zod";

/** What a person chooses of a mailbox on Exchange, wherever it runs. */
export const exchangeFolders = {
  sharedMailbox: z
    .string()
    .trim()
    .optional()
    .describe("Address of a shared mailbox you may open, if it is not your own that is to be watched"),
  extraFolders: z
    .array(z.string().trim().min(1))
    .default([])
    .describe("Further folders to watch, such as one a rule files notices into; a folder inside another as Inbox/Bounces"),
};
