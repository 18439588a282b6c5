/** Rows of one statement: well below SQLite's 32,766 and PostgreSQL's 65,535 parameters for our widest table. */
const batchSize = 500;

/** Calls `fn` for stretches of `rows`, one after the other, and returns all answers. Nothing is called for no rows. */
export const inBatches = async <Row, Answer>(rows: readonly Row[], fn: (batch: Row[]) => Promise<readonly Answer[]>): Promise<Answer[]> => {
  const answers: Answer[] = [];
  for (let start = 0; start < rows.length; start += batchSize) {
    answers.push(...(await fn(rows.slice(start, start + batchSize))));
  }
  return answers;
};
