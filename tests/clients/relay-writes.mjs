// Relay: relay-compiler takes mutations, and relay-runtime commits them, against a shop, as a clerk.
import assert from "node:assert/strict";
import { ask, commit, compile, environment, look } from "./relay/app.mjs";

const ID = "nodeId";

let compiled;
const artifacts = ({ schema }) => (compiled ??= compile("Shop.js", schema, ID));

export default {
  "a mutation updates the store": async (context) => {
    const [app, artifact] = [environment(context, ID), artifacts(context)];
    await ask(app, artifact("ShopQuery"), { id: 1 });
    assert.equal(look(app, artifact("ShopQuery"), { id: 1 }).product.stock, 10);
    await commit(app, artifact("ShopTakeMutation"), { id: 1, inc: { stock: 5 }, version: 1 });
    const { stock, version } = look(app, artifact("ShopQuery"), { id: 1 }).product;
    assert.deepEqual([stock, version], [15, 2]);
  },
  "a create of several rows": async (context) => {
    const variables = { objects: [{ name: "Glue", parentId: 1 }, { name: "Rope" }], connections: [] };
    const { createCategories } = await commit(environment(context, ID), artifacts(context)("ShopCreateMutation"), variables);
    assert.equal(createCategories.affectedRows, 2);
    assert.deepEqual(
      createCategories.returning.map(({ name, parent }) => [name, parent?.name]),
      [
        ["Glue", "Tools"],
        ["Rope", undefined],
      ],
    );
  },
  "a delete": async (context) => {
    const [app, artifact] = [environment(context, ID), artifacts(context)];
    await ask(app, artifact("ShopCategoryQuery"), { id: 3 });
    assert.equal(look(app, artifact("ShopCategoryQuery"), { id: 3 }).category.name, "Paint");
    await commit(app, artifact("ShopDeleteMutation"), { id: 3 });
    assert.equal(look(app, artifact("ShopCategoryQuery"), { id: 3 }).category, null);
  },
  "a refusal": async (context) => {
    const take = artifacts(context)("ShopTakeMutation");
    await assert.rejects(commit(environment(context, ID), take, { id: 1, inc: { stock: 5 }, version: 1 }), /changed meanwhile/);
  },
};
