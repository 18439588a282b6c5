import { ConnectorError, type ProbeAnswer } from "../../src/ports/connector.ts";

export type Holds = ProbeAnswer["holds"];

/** What is answered where there is no message to look at. */
export const emptyFolder: [Holds, string] = ["unknown", "the folder is empty"];

/**
 * A probe's way of asking one question. What the provider refuses is an answer too, where `isAnswer` knows it; anything else ends the
 * probe, and so does being told to wait.
 */
export const questions =
  (isAnswer: (error: unknown) => boolean) =>
  async (assumption: string, ask: () => Promise<[Holds, string]>): Promise<ProbeAnswer> => {
    try {
      const [holds, detail] = await ask();
      return { assumption, holds, detail };
    } catch (error) {
      if (!isAnswer(error) || !(error instanceof ConnectorError) || error.kind === "rate_limited") throw error;
      return { assumption, holds: false, detail: error.message };
    }
  };
