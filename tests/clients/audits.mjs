// Every audit of graphql-http, as one case each: what the GraphQL over HTTP specification wants of a server.
import { serverAudits } from "graphql-http";

const cases = {};
for (const audit of serverAudits({ url: "http://unused.invalid/" })) {
  cases[`${audit.id} ${audit.name}`] = async ({ url }) => {
    const own = serverAudits({ url, fetchFn: (...given) => globalThis.fetch(...given) });
    const result = await own.find(({ id }) => id === audit.id).fn();
    if (result.status !== "ok") throw new Error(`${result.status}: ${result.reason}`);
  };
}

export default cases;
