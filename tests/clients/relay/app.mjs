// A Relay app without a user interface: what relay-compiler made of the documents beside this file, in relay-runtime.
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import relay from "relay-runtime";

const require = createRequire(import.meta.url);
const { Environment, Network, RecordSource, Store, commitMutation, createOperationDescriptor, fetchQuery } = relay;
const { getPaginationMetadata, getPaginationVariables, getRefetchMetadata, getSingularSelector, getValueAtPath } = relay;

/** Compiles the documents of a file against a schema; gives what loads an artifact by the name of its document. */
export const compile = (file, schema, idField) => {
  const folder = mkdtempSync(join(tmpdir(), "relay-"));
  mkdirSync(join(folder, "src", "__generated__"), { recursive: true });
  copyFileSync(schema, join(folder, "schema.graphql"));
  copyFileSync(fileURLToPath(new URL(file, import.meta.url)), join(folder, "src", file));
  writeFileSync(
    join(folder, "relay.config.json"),
    JSON.stringify({
      src: "./src",
      schema: "./schema.graphql",
      language: "javascript",
      eagerEsModules: false,
      schemaConfig: { nodeInterfaceIdField: idField, nodeInterfaceIdVariableName: idField },
    }),
  );
  const compiler = require("relay-compiler");
  execFileSync(compiler, [join(folder, "relay.config.json")], { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  return (name) => require(join(folder, "src", "__generated__", `${name}.graphql.js`));
};

/** An environment whose records are known by their global ids. */
export const environment = ({ url, headers }, idField) =>
  new Environment({
    getDataID: (record) => record[idField],
    store: new Store(new RecordSource()),
    network: Network.create(async ({ text }, variables) => {
      const answer = await fetch(url, {
        method: "POST",
        headers: { ...headers, "content-type": "application/json" },
        body: JSON.stringify({ query: text, variables }),
      });
      return answer.json();
    }),
  });

/** Sends a query; gives its data. */
export const ask = (app, query, variables) => fetchQuery(app, query, variables).toPromise();

/** Sends a mutation; gives its data, or rejects with what was refused. */
export const commit = (app, mutation, variables) =>
  new Promise((resolve, reject) => {
    const onCompleted = (data, errors) => (errors?.length ? reject(new Error(errors[0].message)) : resolve(data));
    commitMutation(app, { mutation, variables, onCompleted, onError: reject });
  });

/** What the store holds for a query: its own fields, with references to fragments. */
export const look = (app, query, variables) => app.lookup(createOperationDescriptor(query, variables).fragment).data;

/** What a component with this fragment shows, from the reference that it is given. */
export const read = (app, fragment, reference) => app.lookup(getSingularSelector(fragment, reference)).data;

/** The next page of a fragment with @connection, as usePaginationFragment loads it; gives what the component shows. */
export const load = async (app, fragment, reference, direction, count) => {
  const { refetchableRequest, identifierInfo } = getRefetchMetadata(fragment, "load");
  const { connectionPathInFragmentData, paginationMetadata } = getPaginationMetadata(fragment, "load");
  const shown = read(app, fragment, reference);
  const { pageInfo } = getValueAtPath(shown, connectionPathInFragmentData);
  const cursor = direction === "forward" ? pageInfo.endCursor : pageInfo.startCursor;
  const { variables: base } = getSingularSelector(fragment, reference);
  const variables = getPaginationVariables(direction, count, cursor, base, {}, paginationMetadata);
  if (identifierInfo) variables[identifierInfo.identifierQueryVariableName] = shown[identifierInfo.identifierField];
  await ask(app, refetchableRequest, variables);
  return read(app, fragment, reference);
};

/** A fragment fetched again by its row's global id, as useRefetchableFragment does. */
export const refetch = async (app, fragment, id) => {
  const { refetchableRequest, identifierInfo } = getRefetchMetadata(fragment, "refetch");
  const variables = { [identifierInfo.identifierQueryVariableName]: id };
  await ask(app, refetchableRequest, variables);
  const { node } = look(app, refetchableRequest, variables);
  return node && read(app, fragment, node);
};
