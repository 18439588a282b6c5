import { expect, it } from "vitest";
import { emptyPlace, onBothEngines, temporaryDirectory } from "../store/engines.ts";
import { killRounds } from "./kill-rounds.ts";

/** More with KILL_ROUNDS=50. */
const rounds = Number(process.env.KILL_ROUNDS ?? 4);

onBothEngines("processes killed in the middle of a sync", (engine) => {
  it("leave every bounce written once and none lost", { timeout: 20_000 + rounds * 20_000 }, async () => {
    const place = await emptyPlace(engine);
    const result = await killRounds(temporaryDirectory(), "url" in place ? place.url : null, rounds);
    if (process.env.KILL_ROUNDS) console.log(engine, JSON.stringify(result));
    expect(result.midway).toBeGreaterThan(rounds / 3);
    const { expected } = result;
    expect(result).toMatchObject({
      engagements: expected,
      histories: expected,
      created: expected,
      highestVersion: 1,
      gapless: true,
      owed: 0,
    });
  });
});
