import { expect, test } from "vitest";
import { registry } from "../../connectors/registry.ts";
import { connectorContract } from "../contracts/connector.ts";
import { harnesses } from "./harnesses.ts";

test("every connector of the registry has a harness, and no harness is without its connector", () => {
  expect(Object.keys(harnesses).toSorted()).toEqual(Object.keys(registry).toSorted());
});

for (const [provider, load] of Object.entries(registry)) {
  for (const harness of (await harnesses[provider]?.()) ?? []) connectorContract(provider, load, harness);
}
