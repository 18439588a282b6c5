import * as z from "zod";

/** What people choose of a mailbox's folders. An empty field of a form counts as left out. */
export const chosenFolders = {
  sentFolder: z.string().trim().optional().describe("Folder of sent mail, if the server does not tell it"),
  extraFolders: z.array(z.string().trim().min(1)).default([]).describe("Further folders to watch, such as one a rule files notices into"),
};

/** Where server and user name are known, the folders are all that is chosen. Strict, so that another connector's settings are refused. */
export const foldersAlone = z.strictObject(chosenFolders);
