// ra-data-hasura as it comes, against a backend with hasura's naming.
import assert from "node:assert/strict";
import hasura from "ra-data-hasura";

const buildHasuraProvider = hasura.default;
const made = new Map();

/** A provider reads the whole schema before its first call, so the callers of one token share theirs. */
const provider = ({ url, headers }) => {
  const known = headers.authorization;
  if (!made.has(known)) made.set(known, buildHasuraProvider({ clientOptions: { uri: url, headers } }));
  return made.get(known);
};
const ids = (rows) => rows.map(({ id }) => id);

const page = (page, perPage) => ({ pagination: { page, perPage }, sort: { field: "id", order: "ASC" }, filter: {} });
const sorted = (field, order) => ({ ...page(1, 10), sort: { field, order } });
const filtered = (filter) => ({ ...page(1, 10), filter });

/** Calls of methods that answer with rows, each with the ids they must give, and how many rows there are in all. */
const LISTS = {
  "getList of a page": ["getList", page(2, 4), [5, 6], 6],
  "getList in an order": ["getList", sorted("title", "DESC"), [1, 5, 2, 3, 4, 6], 6],
  "getList in an order with nulls": ["getList", sorted("score@nulls_first", "DESC"), [2, 6, 4, 1, 3, 5], 6],
  "getList in orders": ["getList", sorted("team_id,id", "desc,desc"), [6, 5, 4, 3, 2, 1], 6],
  "getList in an order through a relation": ["getList", sorted("team.name", "ASC"), [4, 5, 1, 2, 3, 6], 6],
  "getList with a text": ["getList", filtered({ title: "moth" }), [4], 1],
  "getList with values": ["getList", filtered({ public: false, "id@_gt": 2 }), [3, 5], 2],
  "getList with lists": ["getList", filtered({ ids: [1, 2, 3], "id@_in": [2, 3, 4] }), [2, 3], 2],
  "getList with one of several": ["getList", filtered({ "title@_ilike,body@_ilike": "moth" }), [4], 1],
  "getList through a relation": ["getList", filtered({ "author#name@_eq": "Grace" }), [4, 5], 2],
  "getList through a list": ["getList", filtered({ "tags#word@_eq": "math" }), [1, 3], 2],
  "getList with a filter as it is": [
    "getList",
    filtered({ author: { format: "hasura-raw-query", value: { name: { _eq: "Ada" } } } }),
    [1, 3],
    2,
  ],
  "getList of what differs": [
    "getList",
    { ...sorted("team_id,id", "ASC,DESC"), filter: { distinct_on: "team_id" } },
    [3, 5, 6],
    3,
  ],
  "getList with every suffix": [
    "getList",
    filtered({
      "title@_eq,title@_neq": "Can it think?",
      "id@_gt": 0,
      "id@_gte": 1,
      "id@_lt": 9,
      "id@_lte": 8,
      "score@_is_null": false,
      "title@_like": "n",
      "title@_nlike": "Z",
      "title@_nilike": "zz",
      "title@_regex": "^[A-Z]",
      "title@_nregex": "^[a-z]",
      "title@_iregex": "^[a-z]",
      "title@_niregex": "^1",
      "title@_similar": "(N|B)%",
      "title@_nsimilar": "%(numbers|code)",
      "id@_nin": [7, 8],
      "team_id@_in": [1, 2],
    }),
    [1],
    1,
  ],
  "getList through relations of relations": [
    "getList",
    filtered({ "author#memberships#team#name@_eq": "Compilers", "team#parent#name@_ilike": "engine" }),
    [4, 5],
    2,
  ],
  "getList through relations, one of several": [
    "getList",
    filtered({ "author#name@_similar,tags#word@_similar": "(Gra|sty)%" }),
    [4, 5, 6],
    3,
  ],
  "getList in orders through relations": ["getList", sorted("author.name,team.name,id", "desc,asc,desc"), [6, 5, 4, 2, 3, 1], 6],
  getMany: ["getMany", { ids: [2, 1, 7] }, [1, 2], undefined],
  getManyReference: ["getManyReference", { ...page(1, 10), target: "author_id", id: 2 }, [4, 5], 2],
  "getManyReference with a filter": [
    "getManyReference",
    { ...filtered({ public: true }), target: "author_id", id: 2 },
    [4],
    1,
  ],
  "getManyReference through a relation": [
    "getManyReference",
    { ...page(1, 10), target: "author.id", id: 2 },
    [4, 5],
    2,
  ],
};

const cases = {
  "getList with JSON": async (context) => {
    const provided = await provider(context);
    for (const [filter, expected] of [
      [{ a_json: '{"a": {"é": "x"}}' }, [2]],
      [{ "a_json@_contains@b": [2.5] }, [2]],
      [{ "a_json@_has_keys_all": ["a", "b"] }, [2]],
      [{ "a_json@_is_null": true }, [1]],
    ]) {
      const { data } = await provided.getList("thing", filtered(filter));
      assert.deepEqual(ids(data), expected, JSON.stringify(filter));
    }
  },
  "a backend that is only read has resources": async (context) => {
    const unknown = provider(context).then((provided) => provided.getOne("nothing", { id: 1 }));
    await assert.rejects(unknown, ({ message }) => {
      for (const resource of ["note", "person", "team", "message", "sales_bills"]) assert.match(message, RegExp(`\\b${resource}\\b`));
      return true;
    });
  },
  "getOne by a number": async (context) => {
    const { data } = await (await provider(context)).getOne("note", { id: 1 });
    assert.equal(data.title, "Notes on the engine");
    assert.equal(data.author_id, 1);
    assert.equal(data.created_at, "2026-01-06T09:00:00+00:00");
  },
  "getOne by a UUID": async (context) => {
    const id = "00000000-0000-0000-0000-000000000002";
    const { data } = await (await provider(context)).getOne("message", { id });
    const { node_id, ...columns } = data;
    assert.ok(node_id);
    assert.deepEqual(columns, { id, text: "ho", sender_id: 2, recipient_id: 1 });
  },
  "getOne of every type of value": async (context) => {
    const { data } = await (await provider(context)).getOne("thing", { id: 2 });
    assert.equal(data.an_int, -7);
    assert.equal(data.a_price, "12.50");
    assert.deepEqual(data.a_json, { a: { é: "x" }, b: [1, 2.5, null] });
  },
  "what cannot be written is told": async (context) => {
    const provided = await provider(context);
    for (const method of ["create", "update", "updateMany", "delete", "deleteMany"]) {
      const given = { id: 1, ids: [1], data: { title: "x" }, previousData: {} };
      await assert.rejects(provided[method]("note", given), /No query or mutation matching fetch type/);
    }
  },
  "who is not signed in": async (context) => {
    const expired = await provider({ url: context.url, headers: { authorization: "Bearer x" } });
    await assert.rejects(expired.getOne("note", { id: 1 }), ({ status, message }) => status === 401 || /401/.test(message));
  },
};

for (const [name, [method, given, expected, total]] of Object.entries(LISTS)) {
  cases[name] = async (context) => {
    const answer = await (await provider(context))[method]("note", given);
    assert.deepEqual(ids(answer.data), expected);
    assert.equal(answer.total, total);
  };
}

export default cases;
