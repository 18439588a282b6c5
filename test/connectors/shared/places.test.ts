import { describe, expect, test } from "vitest";
import { createPlaces } from "../../../connectors/shared/places.ts";

const never = new AbortController().signal;
const settled = async (work: Promise<unknown>): Promise<boolean> =>
  Promise.race([work.then(() => true), Promise.resolve().then(() => false)]);

describe("places", () => {
  test("so many at a time, each key for itself, in the order they came", async () => {
    const places = createPlaces((key) => (key === "small" ? 1 : 2));
    const first = await places.wait("a", never);
    await places.wait("a", never);
    await places.wait("small", never);
    const came: number[] = [];
    const waitAs = async (n: number): Promise<() => void> => {
      const free = await places.wait("a", never);
      came.push(n);
      return free;
    };
    const third = waitAs(3);
    const fourth = waitAs(4);
    expect(await settled(third)).toBe(false);
    first();
    first();
    (await third)();
    await fourth;
    expect(came).toEqual([3, 4]);
  });

  test("who waits and is aborted takes no place and holds up nobody", async () => {
    const places = createPlaces(() => 1);
    const free = await places.wait("a", never);
    const stop = new AbortController();
    const aborted = places.wait("a", stop.signal);
    const next = places.wait("a", never);
    stop.abort(new Error("the turn is over"));
    await expect(aborted).rejects.toThrow("the turn is over");
    free();
    await next;
  });

  test("who does not want to wait leaves room for those who do", async () => {
    const places = createPlaces(() => 5);
    expect([1, 2, 3, 4, 5].map(() => places.ifFree("a", 0.8) !== null)).toEqual([true, true, true, true, false]);
    await places.wait("a", never);
  });
});
