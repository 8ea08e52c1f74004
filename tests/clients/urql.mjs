// @urql/core as its documentation uses it.
import assert from "node:assert/strict";
import { Client, cacheExchange, fetchExchange, gql } from "@urql/core";

const client = ({ url, headers }, options = {}) =>
  new Client({
    url,
    exchanges: [cacheExchange, fetchExchange],
    preferGetMethod: false,
    fetchOptions: { headers },
    ...options,
  });

const NAMES = gql`
  fragment Names on Person {
    id
    name
  }
`;
const PEOPLE = gql`
  query People($names: [String!], $order: [PersonOrderBy!]) {
    people(where: { name: { _in: $names } }, orderBy: $order) {
      ...Names
      notes(limit: 1, orderBy: { id: ASC }) {
        title
        author {
          ...Names
        }
      }
    }
  }
  ${NAMES}
`;
const VARIABLES = { names: ["Ada", "Grace"], order: [{ name: "DESC" }] };

const checkPeople = (people) => {
  assert.deepEqual(
    people.map(({ __typename, name }) => [__typename, name]),
    [
      ["Person", "Grace"],
      ["Person", "Ada"],
    ],
  );
  assert.equal(people[1].notes[0].title, "Notes on the engine");
  assert.equal(people[1].notes[0].author.name, "Ada");
};

export default {
  "a query": async (context) => {
    const { data, error } = await client(context).query("{ things(limit: 1) { id aText } }", {});
    assert.equal(error, undefined);
    assert.deepEqual(data.things, [{ __typename: "Thing", id: 1, aText: null }]);
  },
  "variables and fragments": async (context) => {
    const { data, error } = await client(context).query(PEOPLE, VARIABLES);
    assert.equal(error, undefined);
    checkPeople(data.people);
    assert.equal(context.sent[0].method, "POST");
  },
  "a query by GET": async (context) => {
    const { data, error } = await client(context, { preferGetMethod: "force" }).query(PEOPLE, VARIABLES);
    assert.equal(error, undefined);
    checkPeople(data.people);
    assert.equal(context.sent[0].method, "GET");
  },
  "an error with its code": async (context) => {
    const { data, error } = await client(context).query("{ people { nmae } }", {});
    assert.equal(data, undefined);
    assert.equal(error.networkError, undefined);
    const [{ message, extensions }] = error.graphQLErrors;
    assert.equal(extensions.code, "GRAPHQL_VALIDATION_FAILED");
    assert.match(message, /Did you mean 'name'/);
    assert.equal(error.response.status, 400);
  },
  "an error with its path": async (context) => {
    const { error } = await client(context).query("{ people { id notes(limit: -1) { id } } }", {});
    const [{ extensions, path, locations }] = error.graphQLErrors;
    assert.equal(extensions.code, "BAD_USER_INPUT");
    assert.deepEqual(path, ["people", "notes"]);
    assert.equal(locations.length, 1);
  },
  "who is not signed in": async (context) => {
    const stranger = client(context, { fetchOptions: {} });
    const { error } = await stranger.query("{ people { id } }", {});
    assert.equal(error.graphQLErrors[0].extensions.code, "GRAPHQL_VALIDATION_FAILED");
    const expired = client(context, { fetchOptions: { headers: { authorization: "Bearer x" } } });
    const refused = await expired.query("{ people { id } }", {});
    assert.equal(refused.error.graphQLErrors[0].extensions.code, "UNAUTHENTICATED");
    assert.equal(refused.error.response.status, 401);
  },
  "deferred fields": async (context) => {
    const { error } = await client(context).query("{ ... @defer { things(limit: 1) { id } } }", {});
    assert.match(error.graphQLErrors[0].message, /@defer is not supported/);
  },
  "a subscription by server-sent events": async (context) => {
    const subscribing = client(context, { fetchSubscriptions: true });
    const { data, error } = await new Promise((resolve) =>
      subscribing.subscription("subscription { things(limit: 1) { id } }", {}).subscribe(resolve),
    );
    assert.equal(error, undefined);
    assert.equal(data.things.length, 1);
  },
  "a query that is given up": async (context) => {
    const results = [];
    const { unsubscribe } = client(context)
      .query("{ tags { id } }", {})
      .subscribe((result) => results.push(result));
    await context.begun();
    unsubscribe();
    await context.ended();
    assert.deepEqual(results, []);
  },
};
