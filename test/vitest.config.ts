import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    root: import.meta.dirname,
    include: ["**/*.test.ts"],
    // One PostgreSQL for the whole run; its address is inject("postgresUrl"). The mail server starts when a test first asks.
    globalSetup: ["./setup/postgres.ts", "./setup/mail-server.ts"],
    // Two cores: more workers only make the timing of the real servers unsteady.
    maxWorkers: 2,
    testTimeout: 20_000,
    hookTimeout: 120_000,
  },
});
