// ra-data-hasura as it comes: what it writes, against a shop with hasura's naming, as a clerk.
import assert from "node:assert/strict";
import hasura from "ra-data-hasura";

let made;
const provider = ({ url, headers }) => (made ??= hasura.default({ clientOptions: { uri: url, headers } }));

export default {
  create: async (context) => {
    const { data } = await (await provider(context)).create("category", { data: { name: "Glue", parent_id: 1 } });
    assert.deepEqual([data.id, data.name, data.parent_id], [4, "Glue", 1]);
  },
  "create of every type of value": async (context) => {
    const data = { name: "Brush", price: "4", weight: 0.25, hidden: false, details: { hairs: [1, 2] }, made_on: "2026-01-31" };
    const made = (await (await provider(context)).create("product", { data })).data;
    assert.deepEqual(
      [made.id, made.price, made.weight, made.details, made.made_on, made.stock],
      [5, "4.00", 0.25, { hairs: [1, 2] }, "2026-01-31", 0],
    );
  },
  update: async (context) => {
    const previousData = { id: 5, name: "Brush", stock: 0, details: {} };
    const data = { ...previousData, stock: 7 };
    const updated = (await (await provider(context)).update("product", { id: 5, data, previousData })).data;
    assert.deepEqual([updated.id, updated.stock, updated.version], [5, 7, 2]);
  },
  updateMany: async (context) => {
    const provided = await provider(context);
    assert.deepEqual((await provided.updateMany("product", { ids: [2, 3], data: { stock: 4 } })).data, [2, 3]);
    assert.deepEqual((await provided.getOne("product", { id: 3 })).data.stock, 4);
  },
  delete: async (context) => {
    const { data } = await (await provider(context)).delete("category", { id: 4, previousData: { id: 4 } });
    assert.equal(data.name, "Glue");
  },
  deleteMany: async (context) => {
    const { data } = await (await provider(context)).deleteMany("product", { ids: [5, 99] });
    assert.deepEqual(data, [5]);
  },
  "a clash": async (context) => {
    const provided = await provider(context);
    await assert.rejects(provided.create("category", { data: { name: "Tools" } }), /same name already/);
  },
};
