// @apollo/client as its documentation uses it.
import assert from "node:assert/strict";
import { ApolloClient, CombinedGraphQLErrors, HttpLink, InMemoryCache, ServerError, gql } from "@apollo/client";
import { BatchHttpLink } from "@apollo/client/link/batch-http";

const client = ({ url, headers }, options = {}, Link = HttpLink) =>
  new ApolloClient({
    link: new Link({ uri: url, headers, ...options }),
    cache: new InMemoryCache(),
    defaultOptions: { query: { fetchPolicy: "network-only" } },
  });

const NAMES = gql`
  fragment Names on Person {
    id
    name
  }
`;
const PEOPLE = gql`
  query People($where: PersonFilter, $limit: Int) {
    people(where: $where, orderBy: { id: ASC }, limit: $limit) {
      ...Names
      notes(orderBy: [{ id: DESC }]) {
        id
        title
      }
    }
  }
  ${NAMES}
`;
const variables = { where: { _or: [{ name: { _eq: "Ada" } }, { id: { _eq: 2 } }] }, limit: 1 };

const checkPeople = (people) => {
  assert.equal(people.length, 1);
  assert.equal(people[0].__typename, "Person");
  assert.equal(people[0].name, "Ada");
  assert.deepEqual(
    people[0].notes.map(({ id }) => id),
    [3, 1],
  );
};

const errorOf = async (promise) => {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("It was answered.");
};

export default {
  "a query": async (context) => {
    const { data } = await client(context).query({
      query: gql`
        {
          things(limit: 1) {
            id
            aText
          }
        }
      `,
    });
    assert.deepEqual(data.things, [{ __typename: "Thing", id: 1, aText: null }]);
  },
  "variables and fragments": async (context) => {
    const { data } = await client(context).query({ query: PEOPLE, variables });
    checkPeople(data.people);
    assert.equal(context.sent[0].method, "POST");
  },
  "a query by GET": async (context) => {
    const { data } = await client(context, { useGETForQueries: true }).query({ query: PEOPLE, variables });
    checkPeople(data.people);
    assert.equal(context.sent[0].method, "GET");
  },
  "queries in a batch": async (context) => {
    const batched = client(context, { batchInterval: 5 }, BatchHttpLink);
    const one = gql`
      query One($id: Int!) {
        person(id: $id) {
          id
          name
        }
      }
    `;
    const answers = await Promise.all([2, 1].map((id) => batched.query({ query: one, variables: { id } })));
    assert.deepEqual(
      answers.map(({ data }) => data.person.name),
      ["Grace", "Ada"],
    );
    assert.deepEqual([context.calls, context.sent.length], [1, 2]);
  },
  "an error with its code": async (context) => {
    const query = gql`
      {
        people {
          nmae
        }
      }
    `;
    const error = await errorOf(client(context).query({ query }));
    assert.ok(CombinedGraphQLErrors.is(error), String(error));
    assert.equal(error.errors[0].extensions.code, "GRAPHQL_VALIDATION_FAILED");
    assert.match(error.errors[0].message, /Did you mean 'name'/);
  },
  "who is not signed in": async (context) => {
    const error = await errorOf(client(context, { headers: {} }).query({ query: PEOPLE }));
    assert.equal(error.errors[0].extensions.code, "GRAPHQL_VALIDATION_FAILED");
    const expired = client(context, { headers: { authorization: "Bearer x" } });
    const refused = await errorOf(expired.query({ query: PEOPLE }));
    if (CombinedGraphQLErrors.is(refused)) {
      assert.equal(refused.errors[0].extensions.code, "UNAUTHENTICATED");
    } else {
      assert.ok(ServerError.is(refused), String(refused));
      assert.equal(refused.statusCode, 401);
      assert.equal(JSON.parse(refused.bodyText).errors[0].extensions.code, "UNAUTHENTICATED");
    }
  },
  "a query that is given up": async (context) => {
    const query = gql`
      {
        tags {
          id
        }
      }
    `;
    const aborted = new AbortController();
    const answer = errorOf(
      client(context).query({ query, context: { fetchOptions: { signal: aborted.signal } } }),
    );
    await context.begun();
    aborted.abort();
    assert.equal((await answer).name, "AbortError");
    await context.ended();
  },
  "a watched query that is left": async (context) => {
    const query = gql`
      {
        tags {
          word
        }
      }
    `;
    const watched = client(context).watchQuery({ query }).subscribe({});
    await context.begun();
    watched.unsubscribe();
    await context.ended();
  },
};
