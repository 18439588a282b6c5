import { expect, it } from "vitest";
import { loadConnector } from "../../connectors/registry.ts";

it.each([
  ["gmail", "18c2f0a1b2c3d4e5", "https://mail.google.com/mail/u/anna%40sales.example/#all/18c2f0a1b2c3d4e5"],
  ["gmail-domain", "18c2f0a1b2c3d4e5", "https://mail.google.com/mail/u/anna%40sales.example/#all/18c2f0a1b2c3d4e5"],
  ["office365", "AAkALg+/AAA=", "https://outlook.office.com/mail/id/AAkALg%2B%2FAAA%3D"],
  ["office365-app", "AAkALg+/AAA=", "https://outlook.office.com/mail/id/AAkALg%2B%2FAAA%3D"],
  ["imap", "INBOX/1/2", undefined],
  ["maildir", "INBOX/1", undefined],
])("%s says where a message is read at the provider, or that it cannot", async (provider, ref, url) => {
  expect((await loadConnector(provider))?.describe.openUrl?.("anna@sales.example", ref)).toBe(url);
});
