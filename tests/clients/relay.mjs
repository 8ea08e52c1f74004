// Relay as its users build with it: compiled against what `hedgerow schema` prints, and run with relay-runtime.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ask, compile, environment, load, look, read, refetch } from "./relay/app.mjs";
import { broken } from "./relay/lint.mjs";

const ID = "nodeId";
const ids = ({ edges }) => edges.map(({ node }) => node.id);

let compiled;
const artifacts = ({ schema }) => (compiled ??= compile("Notes.js", schema, ID));
const personId = async ({ ask }, id) => (await ask("query ($id: Int!) { person(id: $id) { nodeId } }", { id })).data.person.nodeId;

export default {
  "the schema keeps the rules of connections": ({ schema }) => assert.deepEqual(broken(schema), []),
  "a schema that wants an argument of pages breaks them": ({ schema }) => {
    const spoiled = join(mkdtempSync(join(tmpdir(), "lint-")), "schema.graphql");
    writeFileSync(spoiled, readFileSync(schema, "utf8").replace(/^( +)first: Int$/gm, "$1first: Int!"));
    assert.deepEqual(broken(spoiled), ["relay-connection-arguments-spec"]);
  },
  "pages forwards": async (context) => {
    const [app, artifact] = [environment(context, ID), artifacts(context)];
    const variables = { count: 2, order: [{ title: "DESC" }] };
    await ask(app, artifact("NotesQuery"), variables);
    const reference = look(app, artifact("NotesQuery"), variables);
    const list = artifact("Notes_list");
    const first = read(app, list, reference).notesConnection;
    assert.deepEqual([ids(first), first.totalCount, first.pageInfo.hasNextPage], [[1, 5], 6, true]);
    const { notesConnection: more } = await load(app, list, reference, "forward", 3);
    assert.deepEqual([ids(more), more.pageInfo.hasNextPage], [[1, 5, 2, 3, 4], true]);
    const { notesConnection: all } = await load(app, list, reference, "forward", 3);
    assert.deepEqual([ids(all), all.pageInfo.hasNextPage], [[1, 5, 2, 3, 4, 6], false]);
  },
  "pages backwards and forwards through a node": async (context) => {
    const [app, artifact] = [environment(context, ID), artifacts(context)];
    const id = await personId(context, 1);
    await ask(app, artifact("NotesAuthorQuery"), { id });
    const { author: reference } = look(app, artifact("NotesAuthorQuery"), { id }).node;
    const author = artifact("Notes_author");
    const last = read(app, author, reference);
    assert.deepEqual([last.name, ids(last.notesConnection), last.notesConnection.pageInfo.hasPreviousPage], ["Ada", [3], true]);
    const { notesConnection: all } = await load(app, author, reference, "backward", 5);
    assert.deepEqual([ids(all), all.pageInfo.hasPreviousPage], [[1, 3], false]);
    const { notesConnection: still } = await load(app, author, reference, "forward", 5);
    assert.deepEqual([ids(still), still.pageInfo.hasNextPage], [[1, 3], false]);
  },
  "a connection of each row of a page": async (context) => {
    const [app, artifact] = [environment(context, ID), artifacts(context)];
    const variables = { count: 6, order: [{ id: "ASC" }] };
    await ask(app, artifact("NotesQuery"), variables);
    const { notesConnection } = read(app, artifact("Notes_list"), look(app, artifact("NotesQuery"), variables));
    const author = artifact("Notes_author");
    const grace = notesConnection.edges[3].node.author;
    assert.deepEqual(ids(read(app, author, grace).notesConnection), [5]);
    assert.deepEqual(ids((await load(app, author, grace, "backward", 1)).notesConnection), [4, 5]);
  },
  "a fragment on any node is fetched again": async (context) => {
    const [app, artifact] = [environment(context, ID), artifacts(context)];
    const any = artifact("Notes_any");
    const { data } = await context.ask("{ person(id: 2) { nodeId } note(id: 2) { nodeId } team(id: 2) { nodeId } }");
    const shown = async ({ nodeId }) => {
      const { nodeId: same, ...rest } = await refetch(app, any, nodeId);
      assert.equal(same, nodeId);
      return rest;
    };
    assert.deepEqual(await shown(data.person), { __typename: "Person", name: "Grace" });
    assert.deepEqual(await shown(data.note), { __typename: "Note", title: "Can it think?" });
    assert.deepEqual(await shown(data.team), { __typename: "Team" });
  },
  "a node that may not be read": async (context) => {
    const [app, artifact] = [environment(context, ID), artifacts(context)];
    const id = Buffer.from('["Note",7]').toString("base64");
    assert.equal(await refetch(app, artifact("Notes_any"), id), null);
  },
};
