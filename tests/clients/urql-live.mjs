// @urql/core as its documentation uses it: what it subscribes to, over WebSocket and by events, against a shop.
import assert from "node:assert/strict";
import { Client, cacheExchange, fetchExchange, subscriptionExchange } from "@urql/core";
import { createClient } from "graphql-ws";
import WebSocket from "ws";
import { CATEGORIES, named } from "./ws.mjs";

const overWebSocket = ({ url, headers }) => {
  const socket = createClient({
    url: url.replace("http:", "ws:"),
    webSocketImpl: WebSocket,
    connectionParams: { headers: { Authorization: headers.authorization } },
  });
  const forwardSubscription = ({ query = "", variables }) => ({
    subscribe: (sink) => ({ unsubscribe: socket.subscribe({ query, variables }, sink) }),
  });
  return new Client({
    url,
    preferGetMethod: false,
    exchanges: [cacheExchange, fetchExchange, subscriptionExchange({ forwardSubscription })],
  });
};
const byEvents = ({ url, headers }) =>
  new Client({
    url,
    preferGetMethod: false,
    exchanges: [cacheExchange, fetchExchange],
    fetchSubscriptions: true,
    fetchOptions: { headers },
  });

const hears = async (context, app, name) => {
  let first;
  const begun = new Promise((resolve) => (first = resolve));
  const heard = new Promise((resolve, reject) => {
    const { unsubscribe } = app.subscription(CATEGORIES, {}).subscribe(({ data, error }) => {
      if (error) reject(error);
      first();
      if (data?.categories.some((category) => category.name === name)) resolve(unsubscribe);
    });
  });
  await Promise.race([begun, heard]);
  await context.ask(named(name));
  (await heard)();
};
const fails = (app) =>
  new Promise((resolve) => app.subscription("subscription { categories { nothing } }", {}).subscribe(resolve));

export default {
  "a subscription over WebSocket": (context) => hears(context, overWebSocket(context), "urql over ws"),
  "a subscription by events": (context) => hears(context, byEvents(context), "urql by events"),
  "an error with its code": async (context) => {
    for (const app of [overWebSocket(context), byEvents(context)]) {
      const { error } = await fails(app);
      assert.equal(error.graphQLErrors[0].extensions.code, "GRAPHQL_VALIDATION_FAILED");
    }
  },
};
