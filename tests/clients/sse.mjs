// graphql-sse as its documentation uses it, against a shop, as a clerk.
import assert from "node:assert/strict";
import { createClient } from "graphql-sse";
import { CATEGORIES, named, told } from "./ws.mjs";

const client = ({ url, headers }, options = {}) => createClient({ url, headers, retryAttempts: 0, ...options });

export default {
  "a subscription hears what another client writes": async (context) => {
    const app = client(context);
    const answers = app.iterate({ query: CATEGORIES });
    assert.ok((await told(answers)).includes("Paint"));
    await context.ask(named("told by sse"));
    await told(answers, "told by sse");
    await answers.return();
    app.dispose();
  },
  "a query and a mutation": async (context) => {
    const app = client(context);
    const results = [];
    for await (const result of app.iterate({ query: named("made by sse") })) results.push(result);
    assert.deepEqual(results, [{ data: { createCategory: { name: "made by sse" } } }]);
    app.dispose();
  },
  "an error with its code": async (context) => {
    const app = client(context);
    const results = [];
    for await (const result of app.iterate({ query: "subscription { categories { nothing } }" })) results.push(result);
    assert.equal(results.length, 1);
    assert.equal(results[0].errors[0].extensions.code, "GRAPHQL_VALIDATION_FAILED");
    app.dispose();
  },
  "who is not who it says gets a status": async (context) => {
    const app = client({ ...context, headers: { authorization: "Bearer expired" } });
    await assert.rejects(app.iterate({ query: CATEGORIES }).next(), (error) => {
      assert.equal(error.response.status, 401);
      return true;
    });
    app.dispose();
  },
  "several subscriptions at once": async (context) => {
    const app = client(context);
    const several = [1, 2, 3].map(() => app.iterate({ query: CATEGORIES }));
    await Promise.all(several.map((answers) => told(answers)));
    await context.ask(named("told to several"));
    await Promise.all(several.map((answers) => told(answers, "told to several")));
    app.dispose();
  },
};
