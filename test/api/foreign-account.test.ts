/**
 * Nothing of another account can be read or changed through any route. The routes come from OpenAPI, so a new one is walked as soon
 * as it is there; one whose path names something this test does not know fails here.
 */
import { describe, expect, it } from "vitest";
import { appendAddressEvents } from "../../src/store/addresses.ts";
import { ask, startServer } from "./server.ts";

const open = new Set(["/healthz", "/readyz"]);

describe("with a key of another account", () => {
  it("every route answers 404 or shows nothing of theirs", async () => {
    const { server, ours, theirs, database } = await startServer();
    const engagement = (await ask(server, theirs.read, "GET", "/v1/engagements?limit=1")).json.data[0];
    const idOf: Record<string, string> = {
      inboxes: theirs.inboxId,
      contacts: engagement.contactId,
      engagements: engagement.id,
      accounts: theirs.accountId,
    };
    const link = (await ask(server, theirs.write, "POST", "/v1/connect-links", { expectedAddress: "bob@sales.example" })).json;
    idOf["connect-links"] = link.id;
    idOf.notices = engagement.noticeId;
    idOf["sent-messages"] = engagement.sentMessageId;
    // What groups their messages; to us it is a send without recipients.
    idOf.sends = "their-send";
    const webhook = (await ask(server, theirs.write, "POST", "/v1/webhooks", { url: "https://hooks.theirs.example/bob@sales.example" }))
      .json;
    idOf.webhooks = webhook.id;
    // An address that only they know: to us it is one of which nothing is known.
    idOf.addresses = "only-theirs@customer.example";
    const known = { kind: "hard", at: 1, engagementId: engagement.id, category: "unknown_user", reason: null } as const;
    await database.transaction((tx) =>
      appendAddressEvents(tx, theirs.accountId, [{ addressKey: idOf.addresses ?? "", id: "x", event: known }], false, 1),
    );
    const { paths } = (await ask(server, null, "GET", "/openapi.json")).json as { paths: Record<string, Record<string, unknown>> };
    const before = JSON.stringify(
      await database.read.selectFrom("inboxes").selectAll().where("account_id", "=", theirs.accountId).execute(),
    );
    let walked = 0;
    for (const [path, methods] of Object.entries(paths)) {
      // It says who asked for what, foreign ids too: privacy.test.ts reads what stands in it.
      if (open.has(path) || path === "/v1/audit") continue;
      const collection = path.split("/")[2] ?? "";
      const url = path.replace(/\{\w+\}/g, () => {
        expect(idOf, `a route names something new: ${path}`).toHaveProperty(collection);
        return idOf[collection] ?? "";
      });
      for (const method of Object.keys(methods)) {
        const answer = await ask(server, ours.write, method.toUpperCase() as "GET", url, method === "get" ? undefined : {});
        walked += 1;
        expect(answer.text, `${method} ${path}`).not.toContain("bob@sales.example");
        for (const id of [
          theirs.accountId,
          theirs.inboxId,
          engagement.id,
          engagement.contactId,
          engagement.sentMessageId,
          engagement.noticeId,
        ]) {
          // What was asked for by its id may be repeated in an answer that says it is not there.
          if (!url.includes(id)) expect(answer.text, `${method} ${path}`).not.toContain(id);
        }
        if (answer.json?.object === "address") expect(answer.json).toMatchObject({ known: false, engagementId: null });
        else if (collection === "sends") expect(answer.json).toEqual({ data: [], nextCursor: null });
        else if (path.includes("{")) expect([403, 404, 422], `${method} ${path} answered ${answer.status}`).toContain(answer.status);
      }
    }
    expect(walked).toBeGreaterThan(15);
    expect(JSON.stringify(await database.read.selectFrom("inboxes").selectAll().where("account_id", "=", theirs.accountId).execute())).toBe(
      before,
    );
  });

  it("a list filtered by their ids is empty", async () => {
    const { server, ours, theirs } = await startServer();
    const engagement = (await ask(server, theirs.read, "GET", "/v1/engagements?limit=1")).json.data[0];
    for (const filter of [`inboxId=${theirs.inboxId}`, `contactId=${engagement.contactId}`, `sentMessageId=${engagement.sentMessageId}`]) {
      expect((await ask(server, ours.read, "GET", `/v1/engagements?${filter}`)).json.data).toEqual([]);
    }
  });
});
