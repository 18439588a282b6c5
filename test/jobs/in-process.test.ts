import { inProcess } from "../../src/jobs/in-process.ts";
import { jobsContract } from "../contracts/jobs.ts";

jobsContract("the embedded dispatcher", async () => ({ first: inProcess }));
