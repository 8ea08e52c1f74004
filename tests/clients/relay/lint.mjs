// graphql-schema-linter's rules of Relay's server specification, for a schema in a file.
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const linter = dirname(createRequire(import.meta.url).resolve("graphql-schema-linter/package.json"));
const RULES = ["relay-connection-types-spec", "relay-connection-arguments-spec", "relay-page-info-spec"];

/** The rules that the schema breaks. */
export const broken = (schema) => {
  const given = [join(linter, "lib/cli.js"), "--format", "json", "--rules", RULES.join(","), schema];
  const { stdout, stderr } = spawnSync(process.execPath, given, { encoding: "utf8" });
  if (!stdout) throw new Error(stderr);
  return [...new Set(JSON.parse(stdout).errors.map(({ rule }) => rule))].sort();
};
