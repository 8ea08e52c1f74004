// Relay against a backend with hasura's naming.
import assert from "node:assert/strict";
import { ask, compile, environment, load, look, read, refetch } from "./relay/app.mjs";
import { broken } from "./relay/lint.mjs";

const ID = "node_id";
const ids = ({ edges }) => edges.map(({ node }) => node.id);

let compiled;
const artifacts = ({ schema }) => (compiled ??= compile("HasuraNotes.js", schema, ID));

export default {
  "the schema keeps the rules of connections": ({ schema }) => assert.deepEqual(broken(schema), []),
  "pages forwards": async (context) => {
    const [app, artifact] = [environment(context, ID), artifacts(context)];
    const variables = { count: 4, order: [{ id: "desc" }] };
    await ask(app, artifact("HasuraNotesQuery"), variables);
    const reference = look(app, artifact("HasuraNotesQuery"), variables);
    const list = artifact("HasuraNotes_list");
    assert.deepEqual(ids(read(app, list, reference).note_connection), [6, 5, 4, 3]);
    assert.deepEqual(ids((await load(app, list, reference, "forward", 4)).note_connection), [6, 5, 4, 3, 2, 1]);
  },
  "a fragment is fetched again through its node": async (context) => {
    const [app, artifact] = [environment(context, ID), artifacts(context)];
    const { data } = await context.ask("{ person_by_pk(id: 2) { node_id } }");
    const shown = await refetch(app, artifact("HasuraNotes_author"), data.person_by_pk.node_id);
    assert.equal(shown.name, "Grace");
  },
};
