// @apollo/client's link for persisted queries, as its documentation uses it. Its documents are all that is trusted but
// for the last two cases, which send others.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { ApolloClient, ApolloLink, CombinedGraphQLErrors, HttpLink, InMemoryCache, gql } from "@apollo/client";
import { PersistedQueryLink } from "@apollo/client/link/persisted-queries";

const sha256 = (text) => createHash("sha256").update(text).digest("hex");

const client = ({ url, headers }, options = {}) =>
  new ApolloClient({
    link: ApolloLink.from([new PersistedQueryLink({ sha256, ...options }), new HttpLink({ uri: url, headers })]),
    cache: new InMemoryCache(),
    defaultOptions: { query: { fetchPolicy: "network-only" } },
  });

const TRUSTED = gql`
  query Tags($limit: Int) {
    tags(orderBy: { id: ASC }, limit: $limit) {
      id
      word
    }
  }
`;
const ask = async (context, options, query = TRUSTED) => client(context, options).query({ query, variables: { limit: 1 } });

export default {
  "a trusted document by its hash": async (context) => {
    const { data } = await ask(context);
    assert.equal(data.tags[0].word, "math");
    assert.deepEqual(context.sent.map(({ query }) => query), [undefined]);
  },
  "a trusted document by GET": async (context) => {
    const { data } = await ask(context, { useGETForHashedQueries: true });
    assert.equal(data.tags[0].word, "math");
    assert.deepEqual(context.sent.map(({ method, query }) => [method, query]), [["GET", undefined]]);
  },
  "a document that is not trusted": async (context) => {
    const other = gql`
      query Others {
        tags(limit: 1) {
          id
        }
      }
    `;
    const asked = ask(context, {}, other);
    if (context.schema === "only") {
      await assert.rejects(asked, (error) => {
        assert.ok(CombinedGraphQLErrors.is(error));
        assert.equal(error.errors[0].extensions.code, "FORBIDDEN");
        return true;
      });
    } else {
      assert.equal((await asked).data.tags.length, 1);
    }
    assert.deepEqual(context.sent.map(({ query }) => typeof query), ["undefined", "string"]);
  },
};
