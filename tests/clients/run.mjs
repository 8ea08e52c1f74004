// In: a file of cases, and where the server is, as JSON: {url, token, schema}, `schema` being the file that holds what
// its caller sees. Out: what became of each case, as one line of JSON: {case: {passed, error, sent}}, `sent` being the
// requests that the client made.
import { pathToFileURL } from "node:url";
import { resolve } from "node:path";

const [file, given] = process.argv.slice(2);
const { url, token, schema } = JSON.parse(given);
const plainFetch = globalThis.fetch;
let sent = [];
let calls = 0;

const parsed = (text) => {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
};

globalThis.fetch = (address, options = {}) => {
  const given = options.body ? parsed(options.body) : Object.fromEntries(new URL(address).searchParams);
  for (const { query, variables } of Array.isArray(given) ? given : [given ?? {}]) {
    const values = typeof variables === "string" ? parsed(variables) : variables;
    sent.push({ method: options.method ?? "GET", query, variables: values });
  }
  calls += 1;
  return plainFetch(address, options);
};

/** What a case is given: `ask` sends a request by hand, `begun` and `ended` wait for an endless statement's. */
const context = {
  url: `${url}/graphql`,
  headers: { authorization: `Bearer ${token}` },
  schema,
  get sent() {
    return sent;
  },
  /** How many HTTP requests the client made. */
  get calls() {
    return calls;
  },
  begun: () => plainFetch(`${url}/begun`),
  ended: () => plainFetch(`${url}/ended`),
  ask: async (query, variables) => {
    const headers = { ...context.headers, "content-type": "application/json" };
    const answer = await plainFetch(context.url, {
      method: "POST",
      headers,
      body: JSON.stringify({ query, variables }),
    });
    return answer.json();
  },
};

const SECONDS = 60;
const late = () =>
  new Promise((_, reject) => setTimeout(() => reject(new Error(`no end after ${SECONDS} seconds`)), SECONDS * 1000));

const { default: cases } = await import(pathToFileURL(resolve(file)));
const results = {};
for (const [name, run] of Object.entries(cases)) {
  sent = [];
  calls = 0;
  try {
    await Promise.race([run(context), late()]);
    results[name] = { passed: true, sent };
  } catch (error) {
    results[name] = { passed: false, error: String(error?.stack ?? error), sent };
  }
}
process.stdout.write(JSON.stringify(results), () => process.exit(0));
