import { openHubspot } from "../deliver/hubspot/open-hubspot.ts";
import { type CrmDeps, projectCrm } from "../deliver/project-crm.ts";
import type { Dispatcher, Jobs } from "../ports/jobs.ts";
import { dueCrms } from "../store/crm-turns.ts";

/** The CRMs there are. */
export const crms: CrmDeps["open"] = { hubspot: openHubspot() };

/** Starts writing bounces to the CRMs of accounts, to a few at a time. */
export const startProjection = (dispatcher: Dispatcher, deps: Omit<CrmDeps, "open">): Jobs =>
  dispatcher.start({
    name: "crms",
    due: (limit) => dueCrms(deps.database.read, deps.now(), limit),
    keyOf: ({ accountId }) => accountId,
    work: (due, signal) => projectCrm({ ...deps, open: crms }, due, signal),
    concurrency: 4,
    lookEveryMs: 1000,
    onError: (error) => deps.log.error({ err: error }, "writing to a CRM failed; trying again"),
  });
