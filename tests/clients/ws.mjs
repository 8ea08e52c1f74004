// graphql-ws as its documentation uses it, against a shop, as a clerk.
import assert from "node:assert/strict";
import { createClient } from "graphql-ws";
import WebSocket from "ws";

export const CATEGORIES = "subscription { categories(orderBy: { id: ASC }) { name } }";
export const named = (name) => `mutation { createCategory(object: { name: ${JSON.stringify(name)} }) { name } }`;

const client = ({ url, headers }, options = {}) =>
  createClient({
    url: url.replace("http:", "ws:"),
    webSocketImpl: WebSocket,
    connectionParams: { Authorization: headers.authorization },
    retryWait: () => new Promise((resolve) => setTimeout(resolve, 20)),
    ...options,
  });

/** The names of all categories, as they were last told; `until` waits for one. */
export const told = async (answers, name) => {
  for (;;) {
    const { value, done } = await answers.next();
    assert.ok(!done, "the subscription has ended");
    assert.equal(value.errors, undefined);
    const names = value.data.categories.map((category) => category.name);
    if (name === undefined || names.includes(name)) return names;
  }
};

const one = async (app, query, variables) => {
  const results = [];
  for await (const result of app.iterate({ query, variables })) results.push(result);
  assert.equal(results.length, 1);
  return results[0];
};

export default {
  "a subscription hears what another client writes": async (context) => {
    const app = client(context);
    const answers = app.iterate({ query: CATEGORIES });
    assert.ok((await told(answers)).includes("Paint"));
    await context.ask(named("told over ws"));
    await told(answers, "told over ws");
    await answers.return();
    await app.dispose();
  },
  "a query and a mutation": async (context) => {
    const app = client(context);
    assert.deepEqual(await one(app, named("made over ws")), { data: { createCategory: { name: "made over ws" } } });
    const query = "query ($n: String) { categories(where: { name: { _eq: $n } }) { name } }";
    assert.deepEqual(await one(app, query, { n: "made over ws" }), { data: { categories: [{ name: "made over ws" }] } });
    await app.dispose();
  },
  "an error with its code": async (context) => {
    const app = client(context);
    await assert.rejects(app.iterate({ query: "subscription { categories { nothing } }" }).next(), ([error]) => {
      assert.equal(error.extensions.code, "GRAPHQL_VALIDATION_FAILED");
      return true;
    });
    await assert.rejects(app.iterate({ query: named("made over ws") }).next(), ([error]) => {
      assert.deepEqual([error.extensions.code, error.path], ["CONSTRAINT_VIOLATION", ["createCategory"]]);
      return true;
    });
    assert.ok((await told(app.iterate({ query: CATEGORIES }))).length); // the connection goes on
    await app.dispose();
  },
  "a connection that breaks is made anew": async (context) => {
    let connected = 0;
    const app = client(context, { on: { connected: () => (connected += 1) } });
    const answers = app.iterate({ query: CATEGORIES });
    await told(answers);
    app.terminate();
    await context.ask(named("written while away"));
    await told(answers, "written while away");
    assert.equal(connected, 2);
    await app.dispose();
  },
  "who is refused comes back with a new token": async (context) => {
    const tokens = ["Bearer expired", context.headers.authorization];
    const codes = [];
    const app = client(context, {
      connectionParams: () => ({ Authorization: tokens.shift() }),
      on: { closed: ({ code }) => codes.push(code) },
    });
    await told(app.iterate({ query: CATEGORIES }));
    assert.deepEqual(codes, [4403]);
    await app.dispose();
  },
  "pings are answered": async (context) => {
    let pings = 0;
    const app = client(context, { on: { ping: () => (pings += 1) } });
    const answers = app.iterate({ query: CATEGORIES });
    await told(answers);
    while (pings < 3) await new Promise((resolve) => setTimeout(resolve, 20));
    await context.ask(named("after pings"));
    await told(answers, "after pings");
    await app.dispose();
  },
  "who completes hears no more": async (context) => {
    const app = client(context);
    const answers = app.iterate({ query: CATEGORIES });
    await told(answers);
    await answers.return();
    await context.ask(named("after completion"));
    assert.deepEqual(await answers.next(), { value: undefined, done: true });
    await app.dispose();
  },
  "the old protocol is refused": async ({ url }) => {
    const socket = new WebSocket(url.replace("http:", "ws:"), "graphql-ws");
    const failed = await new Promise((resolve) => {
      socket.on("close", (code) => resolve(code));
      socket.on("error", (error) => resolve(error.message));
    });
    assert.ok([4406, "Server sent no subprotocol"].includes(failed), failed);
  },
  "a page of a foreign origin is refused": async ({ url }) => {
    const socket = new WebSocket(url.replace("http:", "ws:"), "graphql-transport-ws", { origin: "https://evil.example" });
    const status = await new Promise((resolve) => socket.on("unexpected-response", (_, { statusCode }) => resolve(statusCode)));
    assert.equal(status, 403);
  },
  "a message that is too large ends the connection": async (context) => {
    const socket = new WebSocket(context.url.replace("http:", "ws:"), "graphql-transport-ws");
    const code = await new Promise((resolve) => {
      socket.on("close", resolve);
      // One byte too many, in a fragment of its own: what is still on its way when a server closes a connection makes
      // the kernel reset it, and the close frame with its code may be lost.
      socket.on("open", () => {
        socket.send("x".repeat(1024 * 1024), { fin: false });
        socket.send("x");
      });
    });
    assert.equal(code, 1009);
  },
};
