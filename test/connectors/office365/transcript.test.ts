import { expect, test } from "vitest";
import { office365, office365App } from "../../../connectors/office365/connector.ts";
import { createRedactor, type Redacted } from "../../../connectors/shared/redact-exchange.ts";
import { answerProblems, requestProblems, type Shape } from "../../fakes/microsoft/vendor-schemas.ts";
import { letter } from "../letters.ts";
import { address, openOffice365, toolsOf } from "./open-office365.ts";

const shapeOf = (path: string, status: number): Shape => {
  if (status !== 200) return "error";
  if (/\/messages(\/delta)?$/.test(path)) return "messages";
  if (/\/messages\/id\d+$/.test(path)) return "message";
  if (/\/(mailFolders|childFolders)$/.test(path)) return "mailFolders";
  return /\/mailFolders\/\w+$/.test(path) ? "mailFolder" : "user";
};

test.each([
  ["a person", office365, {}],
  ["the app", office365App, { access: "application" }],
])("a probe recorded by %s fits Microsoft's description, and nothing of the mailbox is in it", async (_who, connector, settings) => {
  const stage = await openOffice365(settings);
  stage.app.tenant = stage.fake.signIn.tenant;
  for (const folder of ["inbox", "sentitems", "Bounces"]) stage.put(folder, letter(folder, "X-Geheim: geheim\r\n"));
  const redact = createRedactor();
  const lines: string[] = [];
  await connector.probe(stage.inbox, toolsOf(stage, { record: (exchange) => void lines.push(JSON.stringify(redact(exchange))) }));

  expect(lines.length).toBeGreaterThan(10);
  for (const line of lines) {
    const { path, query, status, body } = JSON.parse(line) as Redacted;
    const search = new URLSearchParams(
      Object.entries(query).flatMap(([name, values]) => values.map((value): [string, string] => [name, value])),
    );
    expect(requestProblems(path.replace("/v1.0", ""), search)).toEqual([]);
    // The letter itself is no JSON, and not even its shape is kept.
    if (path.endsWith("/$value")) expect(body).toBe(null);
    else expect(answerProblems(shapeOf(path, status), body as object)).toEqual([]);
  }
  const all = lines.join("\n");
  const { messages, folders } = stage.box;
  const ids = [...messages.flatMap(({ immutableId, restId }) => [immutableId, restId]), ...folders.map(({ id }) => id)];
  for (const secret of [...ids, stage.secrets.accessToken, address, "anna", "sales.example", "customer.example", "Offer", "eheim"]) {
    expect(all).not.toContain(secret);
  }
  expect(all).toContain("String 0x001A");
  await stage.close();
});
