// @urql/core as its documentation uses it: what it writes, against a shop, as a clerk.
import assert from "node:assert/strict";
import { Client, cacheExchange, fetchExchange, gql } from "@urql/core";

const client = ({ url, headers }) =>
  new Client({ url, exchanges: [cacheExchange, fetchExchange], preferGetMethod: "force", fetchOptions: { headers } });

const CREATE = gql`
  mutation Create($object: ProductCreate!) {
    createProduct(object: $object) {
      id
      name
      category {
        id
        name
      }
    }
  }
`;

export default {
  "a mutation is posted": async (context) => {
    const object = { name: "Brush", price: "4", category: { link: { id: 3 } } };
    const { data, error } = await client(context).mutation(CREATE, { object });
    assert.equal(error, undefined);
    const category = { __typename: "Category", id: 3, name: "Paint" };
    assert.deepEqual(data.createProduct, { __typename: "Product", id: 5, name: "Brush", category });
    assert.equal(context.sent[0].method, "POST");
  },
  "a mutation makes its queries be asked anew": async (context) => {
    const app = client(context);
    const counts = [];
    const { unsubscribe } = app
      .query("{ categories { id name } }", {})
      .subscribe(({ data }) => counts.push(data.categories.length));
    while (counts.length < 1) await new Promise(setImmediate);
    await app.mutation('mutation { createCategories(objects: [{ name: "Glue" }]) { returning { id } } }', {});
    while (counts.at(-1) < 4) await new Promise(setImmediate);
    assert.equal(counts[0], 3);
    unsubscribe();
  },
  "an error with its code, path and input": async (context) => {
    const { data, error } = await client(context).mutation(CREATE, { object: { name: "X", price: "-1" } });
    assert.equal(data, undefined);
    const [{ extensions, path }] = error.graphQLErrors;
    assert.equal(extensions.code, "BAD_USER_INPUT");
    assert.deepEqual([path, extensions.input], [["createProduct"], ["object", "price"]]);
  },
  "a conflict": async (context) => {
    const { error } = await client(context).mutation("mutation { updateProduct(id: 1, inc: { stock: 1 }, ifVersion: 9) { id } }", {});
    const { code, version } = error.graphQLErrors[0].extensions;
    assert.deepEqual([code, version], ["CONFLICT", 1]);
    assert.equal(error.response.status, 409);
  },
};
