import { loadConnector, registry } from "../../connectors/registry.ts";
import { type Config, ConfigError } from "./config.ts";

/**
 * Checks what the operator registered with providers (`apps` of the configuration) before anybody meets it on a page. Throws
 * ConfigError with every problem and its path; a secret's value is never in it.
 */
export const checkApps = async ({ apps }: Config): Promise<void> => {
  const problems: string[] = [];
  for (const [name, app] of Object.entries(apps)) {
    const connector = await loadConnector(name);
    if (!connector) problems.push(`  apps.${name}: there is no such provider; there are ${Object.keys(registry).join(", ")}`);
    const checked = connector?.authorize?.app.safeParse(app);
    for (const issue of checked?.error?.issues ?? []) problems.push(`  apps.${[name, ...issue.path].join(".")}: ${issue.message}`);
  }
  if (problems.length > 0)
    throw new ConfigError(`The configuration cannot be used:\n${problems.join("\n")}\nconfig/README.md says what belongs there.`);
};
