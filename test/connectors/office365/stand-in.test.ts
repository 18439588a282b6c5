/** The stand-in itself: what Microsoft documents and our connector never does, so that it is not shaped to our connector. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { letter } from "../letters.ts";
import { type Office365, openOffice365 } from "./open-office365.ts";

type Body = { value: { [name: string]: unknown }[]; error?: { code: string }; "@odata.nextLink"?: string; "@odata.deltaLink"?: string };

let stage: Office365;
let mistakes: string[];
beforeEach(async () => {
  stage = await openOffice365();
  mistakes = [];
});
afterEach(async () => {
  // What was done wrongly on purpose is no failure of the test.
  stage.fake.violations = stage.fake.violations.filter((violation) => !mistakes.some((mistake) => violation.includes(mistake)));
  await stage.close();
});

const get = async (path: string, headers: { [name: string]: string } = {}): Promise<{ status: number; body: Body }> => {
  const url = path.startsWith("https:") ? path : `${stage.fake.url}/v1.0${path}`;
  const response = await fetch(url, { headers: { authorization: `Bearer ${stage.secrets.accessToken}`, ...headers } });
  return { status: response.status, body: (await response.json().catch(() => ({}))) as Body };
};
const immutable = { prefer: 'IdType="ImmutableId"' };

describe("lists", () => {
  test("give ten rows unless asked for more, and the header only where it is selected", async () => {
    for (let n = 1; n <= 12; n++) stage.put("inbox", letter(n));
    const { body } = await get("/me/mailFolders/inbox/messages");
    expect([body.value.length, body["@odata.nextLink"] === undefined]).toEqual([10, false]);
    expect(body.value[0]).not.toHaveProperty("internetMessageHeaders");
    const selected = await get("/me/mailFolders/inbox/messages?$select=internetMessageHeaders&$top=1");
    expect(selected.body.value[0]).toHaveProperty("internetMessageHeaders");
  });

  test("give other ids without the preference, and those change with a move", async () => {
    stage.put("inbox", letter(1));
    const ids = async (folder: string, headers = {}): Promise<unknown> =>
      (await get(`/me/mailFolders/${folder}/messages?$select=id`, headers)).body.value[0]?.id;
    const before = [await ids("inbox"), await ids("inbox", immutable)];
    stage.box.move(stage.box.find("<1@sales.example>"), "archive");
    const after = [await ids("archive"), await ids("archive", immutable)];
    expect(before[0]).not.toBe(before[1]);
    expect(after[0]).not.toBe(before[0]);
    expect(after[1]).toBe(before[1]);
    expect((await get(`/me/messages/${encodeURIComponent(String(before[0]))}?$select=id`)).body.error?.code).toBe("ErrorItemNotFound");
  });

  test.each([
    ["$top=5000", 400],
    ["$filter=subject eq 'x'", 400],
    ["$filter=singleValueExtendedProperties/any(ep: ep/id eq 'String 0x001A' and ep/value eq 'x')&$orderby=receivedDateTime desc", 400],
  ])("refuse %s", async (query, status) => {
    expect((await get(`/me/mailFolders/inbox/messages?${query}`)).status).toBe(status);
  });

  test.each(["$selekt=id", "foo=1"])("an unknown parameter (%s) fails the test", async (query) => {
    mistakes.push("takes no");
    await get(`/me/mailFolders/inbox/messages?${query}`);
    expect(stage.fake.violations.join()).toContain("takes no");
  });

  test("a property nobody knows, a path nobody knows, and a change fail the test", async () => {
    mistakes.push("$select has no", "no such path", "would change something");
    await get("/me/mailFolders/inbox/messages?$select=id,mood");
    await get("/me/postcards/1");
    await fetch(`${stage.fake.url}/v1.0/me/mailFolders`, {
      method: "POST",
      headers: { authorization: `Bearer ${stage.secrets.accessToken}` },
      body: "{}",
    });
    for (const mistake of mistakes) expect(stage.fake.violations.join()).toContain(mistake);
  });

  test("the message's MIME is given under /messages, and 405 through its folder", async () => {
    stage.put("inbox", letter(1));
    const id = encodeURIComponent(stage.box.find("<1@sales.example>").restId);
    mistakes.push("no such path");
    expect((await get(`/me/messages/${id}/$value`)).status).toBe(200);
    expect((await get(`/me/mailFolders/inbox/messages/${id}/$value`)).status).toBe(405);
  });

  test("folders have sizeInBytes, which Microsoft's metadata lacks", async () => {
    expect((await get("/me/mailFolders/inbox")).body).toHaveProperty("sizeInBytes");
  });
});

describe("changes", () => {
  test("a link is good again, and gives the same", async () => {
    const { body } = await get("/me/mailFolders/inbox/messages/delta?$select=subject");
    stage.put("inbox", letter(1));
    const link = body["@odata.deltaLink"] ?? "";
    const [once, twice] = [await get(link), await get(link)];
    expect(once.body.value).toHaveLength(1);
    expect(twice.body.value).toEqual(once.body.value);
  });

  test("a filter on anything but the time of receipt is refused", async () => {
    expect((await get("/me/mailFolders/inbox/messages/delta?$filter=isRead eq false")).status).toBe(400);
  });

  test("what was read since comes as id, isRead and parentFolderId, what was removed as @removed", async () => {
    for (const n of [1, 2]) stage.put("inbox", letter(n));
    const { body } = await get("/me/mailFolders/inbox/messages/delta?$select=subject");
    stage.box.markRead(stage.box.find("<1@sales.example>"));
    stage.box.remove(stage.box.find("<2@sales.example>"));
    const changes = (await get(body["@odata.deltaLink"] ?? "")).body.value;
    expect(
      changes.map((row) =>
        Object.keys(row)
          .filter((name) => !name.startsWith("@odata"))
          .sort(),
      ),
    ).toEqual([
      ["id", "isRead", "parentFolderId"],
      ["@removed", "id"],
    ]);
  });

  test("forgotten positions are 410 with a Location", async () => {
    const { body } = await get("/me/mailFolders/inbox/messages/delta");
    stage.box.generation++;
    const response = await fetch(body["@odata.deltaLink"] ?? "", { headers: { authorization: `Bearer ${stage.secrets.accessToken}` } });
    expect([response.status, response.headers.get("location")]).toEqual([410, expect.stringContaining("$deltatoken=")]);
  });
});

describe("permissions", () => {
  test("a token without the scope, or for another's mailbox, opens nothing", async () => {
    stage.fake.addMailbox("jan@sales.example");
    expect((await get("/users/jan@sales.example/messages/AAMkx")).status).toBe(403);
    stage.secrets.accessToken = stage.fake.signIn.signedIn("anna@sales.example", ["Mail.Read"]).accessToken;
    expect((await get("/me?$select=mail")).status).toBe(403);
    stage.secrets.accessToken = "made up";
    expect((await get("/me/mailFolders/inbox")).status).toBe(401);
  });

  test("a fifth request at once is refused", async () => {
    stage.fake.thinkingMs = 50;
    const answers = await Promise.all(Array.from({ length: 6 }, () => get("/me/mailFolders/inbox")));
    expect(answers.filter(({ status }) => status === 429).length).toBeGreaterThan(0);
  });
});
