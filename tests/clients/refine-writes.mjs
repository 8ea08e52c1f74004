// @refinedev/hasura as it comes: what it writes, against a shop with hasura's naming, as a clerk.
import assert from "node:assert/strict";
import dataProvider, { GraphQLClient } from "@refinedev/hasura";

const provider = ({ url, headers }) =>
  dataProvider(new GraphQLClient(url, { headers, fetch: globalThis.fetch }), {
    namingConvention: "hasura-default",
    idType: (resource) => (resource === "review" ? "uuid" : "Int"),
  });
const resource = "category";
const meta = { fields: ["id", "name", { parent: ["name"] }] };
const named = (rows) => rows.map(({ name }) => name);

export default {
  create: async (context) => {
    const { data } = await provider(context).create({ resource, variables: { name: "Glue", parent_id: 1 }, meta });
    assert.deepEqual(data, { id: 4, name: "Glue", parent: { name: "Tools" } });
  },
  createMany: async (context) => {
    const variables = [{ name: "Rope" }, { name: "Wire", parent_id: 4 }];
    const { data } = await provider(context).createMany({ resource, variables, meta });
    assert.deepEqual(data, [
      { id: 5, name: "Rope", parent: null },
      { id: 6, name: "Wire", parent: { name: "Glue" } },
    ]);
  },
  update: async (context) => {
    const { data } = await provider(context).update({ resource, id: 5, variables: { name: "Ropes" }, meta });
    assert.deepEqual(data, { id: 5, name: "Ropes", parent: null });
  },
  "update of what is not there": async (context) => {
    const { data } = await provider(context).update({ resource, id: 99, variables: { name: "Ropes" }, meta });
    assert.equal(data, null);
  },
  updateMany: async (context) => {
    const { data } = await provider(context).updateMany({ resource, ids: [5, 6], variables: { parent_id: 2 }, meta });
    assert.deepEqual(
      data.map(({ parent }) => parent.name),
      ["Saws", "Saws"],
    );
  },
  deleteOne: async (context) => {
    const { data } = await provider(context).deleteOne({ resource, id: 6, meta });
    assert.equal(data.name, "Wire");
  },
  deleteMany: async (context) => {
    const { data } = await provider(context).deleteMany({ resource, ids: [4, 5, 6], meta });
    assert.deepEqual(named(data), ["Glue", "Ropes"]);
  },
  "a nested create": async (context) => {
    const variables = { name: "Brush", price: "4", category: { data: { name: "Brushes" } }, labels: { data: [{ word: "soft" }] } };
    const fields = ["id", "price", { category: ["name"] }, { labels: ["word"] }];
    const { data } = await provider(context).create({ resource: "product", variables, meta: { fields } });
    assert.deepEqual(data, { id: 5, price: "4.00", category: { name: "Brushes" }, labels: [{ word: "soft" }] });
  },
  "a mutation of one's own": async (context) => {
    const { gql } = await import("graphql-tag");
    const gqlMutation = gql`
      mutation Rename($id: Int!, $object: category_set_input!) {
        update_category_by_pk(pk_columns: { id: $id }, _set: $object) {
          name
        }
      }
    `;
    const { data } = await provider(context).update({ resource, id: 3, variables: { name: "Paints" }, meta: { gqlMutation } });
    assert.deepEqual(data, { name: "Paints" });
  },
  "a clash": async (context) => {
    await assert.rejects(
      provider(context).create({ resource, variables: { name: "Tools" }, meta }),
      ({ response }) => response.errors[0].extensions.code === "CONSTRAINT_VIOLATION",
    );
  },
  "faults of a form": async (context) => {
    await assert.rejects(
      provider(context).create({ resource: "customer", variables: { name: "", email: "x" }, meta: { fields: ["id"] } }),
      ({ response }) => {
        assert.deepEqual(
          response.errors.map(({ extensions }) => extensions.input),
          [
            ["object", "name"],
            ["object", "email"],
          ],
        );
        return true;
      },
    );
  },
};
