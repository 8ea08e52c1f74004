// @apollo/client as its documentation uses it: what it writes, against a shop, as a clerk.
import assert from "node:assert/strict";
import { ApolloClient, CombinedGraphQLErrors, HttpLink, InMemoryCache, gql } from "@apollo/client";

const client = ({ url, headers }) =>
  new ApolloClient({ link: new HttpLink({ uri: url, headers }), cache: new InMemoryCache() });

const READ = gql`
  query Product($id: Int!) {
    product(id: $id) {
      id
      stock
      version
    }
  }
`;
const TAKE = gql`
  mutation Take($id: Int!, $by: Int!, $version: Int) {
    updateProduct(id: $id, inc: { stock: $by }, ifVersion: $version) {
      id
      stock
      version
    }
  }
`;
const CREATE = gql`
  mutation Create($objects: [CategoryCreate!]!) {
    createCategories(objects: $objects, onConflict: { constraint: category_name_key }) {
      affectedRows
      returning {
        id
        name
      }
    }
  }
`;

export default {
  "a mutation": async (context) => {
    const variables = { objects: [{ name: "Glue" }, { name: "Tools" }] };
    const { data } = await client(context).mutate({ mutation: CREATE, variables });
    const returning = [{ __typename: "Category", id: 4, name: "Glue" }];
    assert.deepEqual(data.createCategories, { __typename: "CategoryMutation", affectedRows: 1, returning });
  },
  "a mutation updates the cache": async (context) => {
    const app = client(context);
    await app.query({ query: READ, variables: { id: 1 } });
    const optimisticResponse = { updateProduct: { __typename: "Product", id: 1, stock: 0, version: 0 } };
    await app.mutate({ mutation: TAKE, variables: { id: 1, by: -3, version: 1 }, optimisticResponse });
    const { data } = await app.query({ query: READ, variables: { id: 1 }, fetchPolicy: "cache-only" });
    assert.deepEqual(data.product, { __typename: "Product", id: 1, stock: 7, version: 2 });
  },
  "a conflict with its code": async (context) => {
    await assert.rejects(client(context).mutate({ mutation: TAKE, variables: { id: 1, by: 1, version: 9 } }), (error) => {
      assert.ok(CombinedGraphQLErrors.is(error));
      const [{ extensions, path }] = error.errors;
      assert.deepEqual([extensions.code, extensions.version], ["CONFLICT", 2]);
      assert.deepEqual(path, ["updateProduct"]);
      return true;
    });
  },
};
