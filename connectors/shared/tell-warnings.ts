import type { Page, Warning } from "../../src/ports/connector.ts";

export const warningKey = ({ code, folder }: Pick<Warning, "code" | "folder">): string => `${code} ${folder ?? ""}`;

/** No code holds a space; a folder's name may. */
const ofKey = (key: string): Pick<Warning, "code" | "folder"> => {
  const end = key.indexOf(" ");
  const [code, folder] = [key.slice(0, end), key.slice(end + 1)];
  return folder === "" ? { code } : { code, folder };
};

/**
 * What is to be said of what holds now, each once, and what was said and is over. `said`: what people have been told, as the position
 * keeps it; `saidNow` takes its place there. `isOver`: of a warning that tells of work (a folder that is listed again), whether it is done;
 * it is said once all the same.
 */
export const tellWarnings = (
  holding: readonly Warning[],
  said: readonly string[],
  isOver: (warning: Warning) => boolean = () => false,
): Required<Pick<Page, "warnings" | "mended">> & { saidNow: string[]; changed: boolean } => {
  const holds = (warning: Warning): boolean => !(said.includes(warningKey(warning)) && isOver(warning));
  const now = new Map(holding.filter(holds).map((warning) => [warningKey(warning), warning]));
  const warnings = [...now].filter(([key]) => !said.includes(key)).map(([, warning]) => warning);
  const mended = said.filter((key) => !now.has(key)).map(ofKey);
  return { warnings, mended, saidNow: [...now.keys()], changed: warnings.length + mended.length > 0 };
};
