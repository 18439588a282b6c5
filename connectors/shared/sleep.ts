/** setTimeout fires at once for anything above this. */
const longestTimer = 2 ** 31 - 1;

/** Waits `ms` milliseconds (not at all when that is not positive). Rejects with the signal's reason when it is aborted. */
export const sleep = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    signal.throwIfAborted();
    if (ms <= 0) return resolve();
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(
      () => {
        signal.removeEventListener("abort", stop);
        resolve();
      },
      Math.min(ms, longestTimer),
    );
    signal.addEventListener("abort", stop, { once: true });
  });
