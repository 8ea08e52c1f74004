// @apollo/client as its documentation uses it: what it subscribes to, over WebSocket, against a shop, as a clerk.
import assert from "node:assert/strict";
import { ApolloClient, ApolloLink, CombinedGraphQLErrors, HttpLink, InMemoryCache, gql } from "@apollo/client";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { OperationTypeNode } from "graphql";
import { createClient } from "graphql-ws";
import WebSocket from "ws";
import { named } from "./ws.mjs";

globalThis.WebSocket ??= WebSocket; // as in a browser, and in Node from 22 on: Apollo's link looks at its errors with it

const client = ({ url, headers }) => {
  const socket = createClient({
    url: url.replace("http:", "ws:"),
    webSocketImpl: WebSocket,
    connectionParams: { Authorization: headers.authorization },
  });
  const link = ApolloLink.split(
    ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
    new GraphQLWsLink(socket),
    new HttpLink({ uri: url, headers }),
  );
  return new ApolloClient({ link, cache: new InMemoryCache() });
};
const CATEGORIES = gql`
  subscription Categories($name: String!) {
    categories(where: { name: { _eq: $name } }) {
      id
      name
    }
  }
`;

export default {
  "a subscription": async (context) => {
    const app = client(context);
    const name = "apollo over ws";
    let first;
    const begun = new Promise((resolve) => (first = resolve));
    const heard = new Promise((resolve, reject) => {
      app.subscribe({ query: CATEGORIES, variables: { name } }).subscribe({
        next: ({ data, error }) => {
          if (error) reject(error);
          first();
          if (data.categories.length) resolve(data.categories[0]);
        },
        error: reject,
      });
    });
    await Promise.race([begun, heard]);
    await app.mutate({ mutation: gql(named(name)) });
    assert.equal((await heard).name, name);
    app.stop();
  },
  "a query that goes on as a subscription": async (context) => {
    const app = client(context);
    const name = "apollo goes on";
    const query = gql`
      query Categories($name: String!) {
        categories(where: { name: { _eq: $name } }) {
          id
          name
        }
      }
    `;
    const watched = app.watchQuery({ query, variables: { name } });
    const counts = [];
    watched.subscribe(({ data }) => data?.categories && counts.push(data.categories.length));
    const updateQuery = (_, { subscriptionData }) => subscriptionData.data;
    watched.subscribeToMore({ document: CATEGORIES, variables: { name }, updateQuery });
    while (!counts.length) await new Promise(setImmediate);
    await context.ask(named(name));
    while (counts.at(-1) !== 1) await new Promise(setImmediate);
    app.stop();
  },
  "an error with its code": async (context) => {
    const app = client(context);
    const query = gql("subscription { categories { nothing } }");
    const error = await new Promise((resolve) =>
      app.subscribe({ query }).subscribe({ next: (result) => resolve(result.error), error: resolve }),
    );
    assert.ok(CombinedGraphQLErrors.is(error), String(error));
    assert.equal(error.errors[0].extensions.code, "GRAPHQL_VALIDATION_FAILED");
    app.stop();
  },
};
