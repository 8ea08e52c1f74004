// @refinedev/hasura as it comes, against a backend with hasura's naming.
import assert from "node:assert/strict";
import dataProvider, { GraphQLClient } from "@refinedev/hasura";

const provider = ({ url, headers }) =>
  dataProvider(new GraphQLClient(url, { headers, fetch: globalThis.fetch }), {
    namingConvention: "hasura-default",
    idType: (resource) => (resource === "message" ? "uuid" : "Int"),
  });

const FIELDS = ["id", "title", { author: ["id", "name"] }, { tags: ["word"] }];
const ids = (rows) => rows.map(({ id }) => id);

/** Each call of getList, with the ids that it must give and how many rows there are in all. */
const LISTS = {
  "without anything": [{}, [1, 2, 3, 4, 5, 6], 6],
  "with a page": [{ pagination: { currentPage: 2, pageSize: 2 } }, [3, 4], 6],
  "with pages of the client's": [{ pagination: { mode: "off" } }, [1, 2, 3, 4, 5, 6], 6],
  "with no filter and no order": [{ filters: [], sorters: [] }, [1, 2, 3, 4, 5, 6], 6],
  "with an order": [{ sorters: [{ field: "title", order: "desc" }] }, [1, 5, 2, 3, 4, 6], 6],
  "with orders": [
    {
      sorters: [
        { field: "team_id", order: "desc" },
        { field: "score", order: "asc" },
      ],
    },
    [6, 5, 4, 3, 1, 2],
    6,
  ],
  "with an order through a relation": [{ sorters: [{ field: "team.name", order: "asc" }] }, [4, 5, 1, 2, 3, 6], 6],
  "with filters": [
    {
      filters: [
        { field: "title", operator: "contains", value: "E" },
        { field: "id", operator: "gte", value: 2 },
        { field: "public", operator: "eq", value: false },
      ],
    },
    [3, 5],
    2,
  ],
  "with one of several": [
    {
      filters: [
        {
          operator: "or",
          value: [
            { field: "id", operator: "in", value: [1, 2] },
            { field: "title", operator: "startswith", value: "english" },
          ],
        },
      ],
    },
    [1, 2, 5],
    3,
  ],
  "with null": [{ filters: [{ field: "score", operator: "null", value: true }] }, [2, 6], 2],
  "with every operator that compares": [
    {
      filters: [
        ["id", "ne", 9],
        ["id", "lt", 7],
        ["id", "lte", 6],
        ["id", "gt", 1],
        ["id", "nin", [8, 9]],
        ["title", "ncontains", "algebra"],
        ["title", "containss", "o"],
        ["title", "ncontainss", "MOTH"],
        ["title", "startswith", "[a-e]"],
        ["title", "endswith", "[a-z]"],
        ["team_id", "nnull", null],
      ].map(([field, operator, value]) => ({ field, operator, value })),
    },
    [3, 5],
    2,
  ],
  "with a filter through a relation": [{ filters: [{ field: "author.name", operator: "eq", value: "Grace" }] }, [4, 5], 2],
  "with a filter through a list": [{ filters: [{ field: "tags.word", operator: "eq", value: "math" }] }, [1, 3], 2],
};

/** Each operator that the provider knows, with a filter and the ids that it must give. */
const OPERATORS = {
  eq: ["title", "Can it think?", [2]],
  ne: ["title", "Can it think?", [1, 3, 4, 5, 6]],
  lt: ["id", 3, [1, 2]],
  lte: ["id", 3, [1, 2, 3]],
  gt: ["id", 3, [4, 5, 6]],
  gte: ["id", 3, [3, 4, 5, 6]],
  in: ["id", [6, 2, 9], [2, 6]],
  nin: ["id", [6, 2, 9], [1, 3, 4, 5]],
  contains: ["title", "ENG", [1, 5]],
  ncontains: ["title", "ENG", [2, 3, 4, 6]],
  containss: ["title", "Eng", [5]],
  ncontainss: ["title", "Eng", [1, 2, 3, 4, 6]],
  null: ["score", true, [2, 6]],
  nnull: ["score", null, [1, 3, 4, 5]],
  startswith: ["title", "e", [5]],
  nstartswith: ["title", "e", [1, 2, 3, 4, 6]],
  endswith: ["title", "ENGINE", [1]],
  nendswith: ["title", "ENGINE", [2, 3, 4, 5, 6]],
  startswiths: ["title", "E", [5]],
  nstartswiths: ["title", "E", [1, 2, 3, 4, 6]],
  endswiths: ["title", "free", [6]],
  nendswiths: ["title", "free", [1, 2, 3, 4, 5]],
  or: [
    [
      { field: "title", operator: "startswiths", value: "e" },
      { operator: "and", value: [{ field: "id", operator: "lt", value: 3 }, { field: "score", operator: "null", value: true }] },
    ],
    [2],
  ],
  and: [
    [
      { field: "author.name", operator: "nendswiths", value: "e" },
      { operator: "or", value: [{ field: "id", operator: "eq", value: 4 }, { field: "id", operator: "eq", value: 1 }] },
    ],
    [1],
  ],
};

const cases = {
  "getList with the operator not is refused, as by Hasura": async (context) => {
    const filters = [{ operator: "not", value: [{ field: "id", operator: "eq", value: 1 }] }];
    await assert.rejects(
      provider(context).getList({ resource: "note", meta: { fields: ["id"] }, filters }),
      ({ response }) => response.errors[0].extensions.code === "BAD_USER_INPUT",
    );
  },
  "getList with what is no pattern": async (context) => {
    const filters = [{ field: "title", operator: "startswiths", value: "(" }];
    await assert.rejects(
      provider(context).getList({ resource: "note", meta: { fields: ["id"] }, filters }),
      ({ response }) => response.errors.every(({ extensions }) => extensions.code === "BAD_USER_INPUT"),
    );
  },
  "getOne by a number": async (context) => {
    const { data } = await provider(context).getOne({ resource: "note", id: 1, meta: { fields: FIELDS } });
    assert.equal(data.title, "Notes on the engine");
    assert.deepEqual(data.author, { id: 1, name: "Ada" });
    assert.deepEqual(data.tags, [{ word: "math" }]);
  },
  "getOne by a UUID": async (context) => {
    const id = "00000000-0000-0000-0000-000000000001";
    const { data } = await provider(context).getOne({ resource: "message", id, meta: { fields: ["id", "text"] } });
    assert.deepEqual(data, { id, text: "hi" });
  },
  "getOne of what is not there": async (context) => {
    const { data } = await provider(context).getOne({ resource: "note", id: 7, meta: { fields: ["id"] } });
    assert.equal(data, null);
  },
  getMany: async (context) => {
    const meta = { fields: ["id", "title"] };
    const { data } = await provider(context).getMany({ resource: "note", ids: [2, 1, 7], meta });
    assert.deepEqual(ids(data), [1, 2]);
  },
  "getMany by UUIDs": async (context) => {
    const wanted = [1, 2, 3].map((n) => `00000000-0000-0000-0000-00000000000${n}`);
    const { data } = await provider(context).getMany({ resource: "message", ids: wanted, meta: { fields: ["id"] } });
    assert.deepEqual(ids(data), wanted.slice(0, 2));
  },
  "getOne of one's own query": async (context) => {
    const { gql } = await import("graphql-tag");
    const gqlQuery = gql`
      query Note($id: Int!) {
        note_by_pk(id: $id) {
          id
          title
        }
      }
    `;
    const { data } = await provider(context).getOne({ resource: "note", id: 3, meta: { gqlQuery } });
    assert.equal(data.title, "Bernoulli numbers");
  },
  "getMany of one's own query": async (context) => {
    const { gql } = await import("graphql-tag");
    const gqlQuery = gql`
      query Notes($where: note_bool_exp) {
        note(where: $where) {
          id
        }
      }
    `;
    const gqlVariables = { where: { public: { _eq: true } } };
    const { data } = await provider(context).getMany({ resource: "note", ids: [1, 2], meta: { gqlQuery, gqlVariables } });
    assert.deepEqual(ids(data), [1]);
  },
  "an error with its code": async (context) => {
    await assert.rejects(
      provider(context).getOne({ resource: "note", id: 1, meta: { fields: ["nothing"] } }),
      ({ response }) => response.errors[0].extensions.code === "GRAPHQL_VALIDATION_FAILED",
    );
  },
};

for (const [name, [call, expected, total]] of Object.entries(LISTS)) {
  cases[`getList ${name}`] = async (context) => {
    const answer = await provider(context).getList({ resource: "note", meta: { fields: FIELDS }, ...call });
    assert.deepEqual(ids(answer.data), expected);
    assert.equal(answer.total, total);
  };
}

for (const [operator, given] of Object.entries(OPERATORS)) {
  const expected = given.at(-1);
  const filter = given.length === 3 ? { field: given[0], operator, value: given[1] } : { operator, value: given[0] };
  cases[`getList with the operator ${operator}`] = async (context) => {
    const call = { filters: [filter], sorters: [{ field: "id", order: "asc" }] };
    const answer = await provider(context).getList({ resource: "note", meta: { fields: ["id"] }, ...call });
    assert.deepEqual(ids(answer.data), expected);
    assert.equal(answer.total, expected.length);
  };
}

export default cases;
