/** The one order in which dialects are asked: those with the surest signs first. */
import type { Dialect } from "./dialect.ts";
import { generic } from "./generic.ts";

export const dialects: readonly Dialect[] = [generic];
