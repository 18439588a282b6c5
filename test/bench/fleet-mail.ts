/** Mail in turn for every mailbox of a fleet: each gets some every FLEET_EVERY_SECONDS (600). `n` counts the deliveries. */
export const inTurn = <T>(boxes: readonly T[], deliver: (box: T, n: number) => void): { stop: () => void } => {
  const perMs = boxes.length / (Number(process.env.FLEET_EVERY_SECONDS ?? 600) * 1000);
  const began = Date.now();
  let n = 0;
  const timer = setInterval(() => {
    for (; n < (Date.now() - began) * perMs; n += 1) {
      const box = boxes[n % boxes.length];
      if (box !== undefined) deliver(box, n);
    }
  }, 200);
  return { stop: () => clearInterval(timer) };
};
