import { sql } from "kysely";
import type { Read } from "../ports/database.ts";

/** Where the job queue keeps its tables on PostgreSQL: a schema of its own, named after the one our tables are in. */
export const jobsSchema = async (read: Read): Promise<string> => {
  const { rows } = await sql<{ schema: string }>`select current_schema() as schema`.execute(read);
  return `${rows[0]?.schema ?? "public"}_jobs`;
};
