import { Command } from "commander";
import { examine } from "../doctor.ts";
import { exitCodes } from "../exit-code.ts";
import { print } from "../with-house.ts";

const signs = { ok: "ok  ", warn: "note", fail: "FAIL" } as const;

export const doctorCommand = (): Command =>
  new Command("doctor")
    .description("look for what keeps this installation from working or from being safe; changes nothing")
    .action(async (_options: object, command: Command) => {
      const findings = await examine(process.env, process.cwd());
      const failed = findings.filter(({ result }) => result === "fail").length;
      const noted = findings.filter(({ result }) => result === "warn").length;
      print(command, findings, [
        ...findings.map(({ check, result, says }) => `${signs[result]}  ${check.padEnd(20)}  ${says}`),
        failed > 0
          ? `${failed} to be repaired, ${noted} to be looked at.`
          : noted > 0
            ? `It works; ${noted} to be looked at.`
            : "All is well.",
      ]);
      if (failed > 0) process.exitCode = exitCodes.config;
    });
