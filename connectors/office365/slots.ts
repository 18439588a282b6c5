/** How many requests one mailbox may have open at once (Microsoft Graph service-specific throttling limits, Outlook: 4). */
const most = 4;

type Line = { open: number; waiting: (() => void)[] };

const lines = new Map<string, Line>();

const leave = (mailbox: string, line: Line): void => {
  const next = line.waiting.shift();
  if (next) next();
  else if (--line.open === 0) lines.delete(mailbox);
};

const enter = (line: Line, signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    const stop = (): void => {
      line.waiting = line.waiting.filter((each) => each !== go);
      reject(signal.reason);
    };
    const go = (): void => {
      signal.removeEventListener("abort", stop);
      resolve();
    };
    signal.addEventListener("abort", stop, { once: true });
    line.waiting.push(go);
  });

/** Runs `work` when fewer than four others of the same mailbox run in this process: sync, probe and raw fetches share the four. */
export const withSlot = async <T>(mailbox: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> => {
  signal.throwIfAborted();
  const line = lines.get(mailbox) ?? { open: 0, waiting: [] };
  lines.set(mailbox, line);
  if (line.open < most) line.open++;
  else await enter(line, signal);
  try {
    return await work();
  } finally {
    leave(mailbox, line);
  }
};
