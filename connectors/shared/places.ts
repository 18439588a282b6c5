import type { Places } from "../../src/ports/connector.ts";

type Room = { taken: number; waiting: Set<() => void> };

/** Places in memory, for one process; `capOf`: how many there are at once on a key. */
export const createPlaces = (capOf: (key: string) => number): Places => {
  const rooms = new Map<string, Room>();

  const roomOf = (key: string): Room => {
    const room = rooms.get(key) ?? { taken: 0, waiting: new Set() };
    rooms.set(key, room);
    return room;
  };

  /** Takes a place; what is given back frees it, however often it is called. */
  const take = (key: string, room: Room): (() => void) => {
    room.taken++;
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      room.taken--;
      const [next] = room.waiting;
      if (next) next();
      else if (room.taken === 0) rooms.delete(key);
    };
  };

  return {
    async wait(key, signal) {
      signal.throwIfAborted();
      const room = roomOf(key);
      while (room.taken >= capOf(key)) await turn(room, signal);
      return take(key, room);
    },
    ifFree(key, share) {
      const room = roomOf(key);
      return room.taken < Math.floor(capOf(key) * share) ? take(key, room) : null;
    },
  };
};

/** Waits until a place was freed, first come first served. */
const turn = ({ waiting }: Room, signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    const end = (how: () => void) => (): void => {
      waiting.delete(go);
      signal.removeEventListener("abort", stop);
      how();
    };
    const go = end(resolve);
    const stop = end(() => reject(signal.reason));
    waiting.add(go);
    signal.addEventListener("abort", stop, { once: true });
  });
